# Sends and receives packets of protocols that have no sockets here: INIT chunks of SCTP, and echo requests of ICMP.
# A line on stdin sends: "ID FROM TO sctp|icmp PORT". A line on stdout tells what arrived: "ID"; the first one says
# that it listens. Each packet begins a connection of its own. Perl, because node has no raw sockets and every Debian has
# perl.
use strict;
use warnings;
use Socket qw(:DEFAULT inet_pton pack_sockaddr_in6 pack_sockaddr_in6 AF_INET6);

my @crc = map {
    my $c = $_;
    $c = $c & 1 ? ($c >> 1) ^ 0x82f63b78 : $c >> 1 for 1 .. 8;
    $c;
} 0 .. 255;

sub crc32c {
    my $c = 0xffffffff;
    $c = ($c >> 8) ^ $crc[ ($c ^ $_) & 0xff ] for unpack 'C*', $_[0];
    return $c ^ 0xffffffff;
}

sub init_packet {
    my ($id, $port) = @_;
    my $from = 1024 + $id % 60000;
    my $chunk = pack('CCnNNnnN', 1, 0, 20, $id, 65535, 1, 1, 1);
    my $zero = pack('nnNN', $from, $port, 0, 0) . $chunk;
    return pack('nnN', $from, $port, 0) . pack('V', crc32c($zero)) . $chunk;
}

sub echo_packet {
    my ($id, $family) = @_;
    my $rest = pack('nnN', $id & 0xffff, 0, $id);
    return pack('CCn', 128, 0, 0) . $rest if $family == AF_INET6;    # the kernel sums those
    my $sum = 0;
    $sum += $_ for 0x0800, unpack('n*', $rest);
    $sum = ($sum & 0xffff) + ($sum >> 16) for 1, 2;
    return pack('CCn', 8, 0, ~$sum & 0xffff) . $rest;
}

my %number = (sctp => { AF_INET, 132, AF_INET6, 132 }, icmp => { AF_INET, 1, AF_INET6, 58 });

my (%receivers, %senders);
for my $family (AF_INET, AF_INET6) {
    for my $protocol ('sctp', 'icmp') {
        socket(my $receiver, $family, SOCK_RAW, $number{$protocol}{$family}) or die "no raw socket: $!";
        setsockopt($receiver, SOL_SOCKET, SO_RCVBUF, 1 << 20);
        $receivers{ fileno $receiver } = [ $receiver, $family, $protocol ];
    }
}

sub send_packet {
    my ($id, $from, $to, $protocol, $port) = @_;
    my $family = $to =~ /:/ ? AF_INET6 : AF_INET;
    my $at = sub {
        my $ip = inet_pton($family, $_[0]) or die "no address: $_[0]";
        return $family == AF_INET ? pack_sockaddr_in(0, $ip) : pack_sockaddr_in6(0, $ip);
    };
    my $sender = $senders{"$from $protocol"} //= do {
        socket(my $made, $family, SOCK_RAW, $number{$protocol}{$family}) or die "no raw socket: $!";
        bind($made, $at->($from)) or die "cannot bind $from: $!";
        setsockopt($made, SOL_SOCKET, SO_RCVBUF, 0);
        $made;
    };
    send($sender, $protocol eq 'sctp' ? init_packet($id, $port) : echo_packet($id, $family), 0, $at->($to));
}

$| = 1;
print "ready\n";
my $pending = '';
while (1) {
    my $read = '';
    vec($read, $_, 1) = 1 for 0, keys %receivers;
    select($read, undef, undef, undef);
    for my $fd (keys %receivers) {
        next unless vec($read, $fd, 1);
        my ($receiver, $family, $protocol) = @{ $receivers{$fd} };
        defined recv($receiver, my $packet, 2048, 0) or next;
        $packet = substr $packet, (ord($packet) & 15) * 4 if $family == AF_INET;
        my $at = $protocol eq 'sctp' ? 16 : 8;
        my $type = ord substr $packet, $protocol eq 'sctp' ? 12 : 0, 1;
        my $begin = $protocol eq 'sctp' ? 1 : $family == AF_INET ? 8 : 128;
        print unpack('N', substr $packet, $at, 4), "\n" if $type == $begin && length $packet >= $at + 4;
    }
    next unless vec($read, 0, 1);
    sysread(STDIN, $pending, 65536, length $pending) or exit 0;
    send_packet(split ' ', $1) while $pending =~ s/^(.*)\n//;
}
