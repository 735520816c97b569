# One end of a benchmark connection. As `server`: answers. As `client SERVER`: a line on stdin, "WHAT MILLISECONDS", is
# one slice of load, answered by "COUNT NANOSECONDS", of processor time. Perl, because its calls cost little beside the kernel's work.
use strict;
use warnings;
use Socket qw(:DEFAULT IPPROTO_TCP TCP_NODELAY);
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC CLOCK_PROCESS_CPUTIME_ID);

$| = 1;
my ($role, $peer) = @ARGV;
my $any = pack_sockaddr_in(0, INADDR_ANY);

sub tcp_listener {
    my ($port) = @_;
    socket(my $listener, AF_INET, SOCK_STREAM, 0) or die $!;
    setsockopt($listener, SOL_SOCKET, SO_REUSEADDR, 1);
    bind($listener, pack_sockaddr_in($port, INADDR_ANY)) or die $!;
    listen($listener, 1024) or die $!;
    return $listener;
}

sub udp_socket {
    my ($port) = @_;
    socket(my $made, AF_INET, SOCK_DGRAM, 0) or die $!;
    bind($made, pack_sockaddr_in($port, INADDR_ANY)) or die $!;
    return $made;
}

sub serve {
    my @children;
    my $child = sub {
        my ($work) = @_;
        my $pid = fork;
        if (!$pid) { $work->(); exit 0 }
        push @children, $pid;
    };
    # 7001: one byte, one answer, the end. 7002: the same for as long as the connection stays. 7003: swallows.
    $child->(sub {
        my $listener = tcp_listener(7001);
        while (accept(my $socket, $listener)) { sysread $socket, my $byte, 1; syswrite $socket, 'x'; close $socket }
    });
    for my $port (7002, 7003) {
        $child->(sub {
            my $listener = tcp_listener($port);
            while (accept(my $socket, $listener)) {
                setsockopt($socket, IPPROTO_TCP, TCP_NODELAY, 1);
                while (sysread $socket, my $data, 1 << 18) { syswrite $socket, 'x' if $port == 7002 }
                close $socket;
            }
        });
    }
    # 7004: nobody reads, so the flow is never answered. 7005: answers the first packet of each flow, and no more.
    my $silent = udp_socket(7004);
    setsockopt($silent, SOL_SOCKET, SO_RCVBUF, 0);
    $child->(sub {
        my $socket = udp_socket(7005);
        my %seen;
        setsockopt($socket, SOL_SOCKET, SO_RCVBUF, 0);
        while (my $from = recv $socket, my $data, 64, 0) { send $socket, 'x', 0, $from if !$seen{$from}++ }
    });
    print "ready\n";
    1 while sysread STDIN, my $data, 1024;
    kill 'KILL', @children;
}

sub connected {
    my ($type, $port) = @_;
    socket(my $socket, AF_INET, $type, 0) or die $!;
    connect($socket, pack_sockaddr_in($port, inet_aton($peer))) or die "connect $port: $!";
    setsockopt($socket, IPPROTO_TCP, TCP_NODELAY, 1) if $type == SOCK_STREAM;
    return $socket;
}

my %kept;
my $reset = pack 'ii', 1, 0;
my $block = 'x' x (1 << 17);
my $to_server = pack_sockaddr_in(7001, inet_aton($peer // '127.0.0.1'));

my %slice = (
    # Connections per second: connect, one byte each way, reset.
    connect => sub {
        socket(my $socket, AF_INET, SOCK_STREAM, 0);
        connect($socket, $to_server) or die "connect: $!";
        syswrite $socket, 'x';
        sysread $socket, my $byte, 1;
        setsockopt($socket, SOL_SOCKET, SO_LINGER, $reset);
        close $socket;
        return 1;
    },
    # Packets that are each judged as the first one of their flow.
    first => sub { my $s = $kept{first} //= connected(SOCK_DGRAM, 7004); send $s, 'x', 0 for 1 .. 50; return 50 },
    # Packets of a flow that has been answered.
    established => sub {
        my $s = $kept{established} //= do {
            my $made = connected(SOCK_DGRAM, 7005);
            send $made, 'x', 0;
            recv $made, my $answer, 64, 0;
            $made;
        };
        send $s, 'x', 0 for 1 .. 50;
        return 50;
    },
    'ping-pong' => sub {
        my $s = $kept{'ping-pong'} //= connected(SOCK_STREAM, 7002);
        syswrite $s, 'x';
        sysread $s, my $byte, 1;
        return 1;
    },
    # Bytes.
    bulk => sub { my $s = $kept{bulk} //= connected(SOCK_STREAM, 7003); return syswrite $s, $block },
);

if ($role eq 'server') { serve(); exit 0 }
print "ready\n";
while (defined(my $line = <STDIN>)) {
    my ($what, $ms) = split ' ', $line;
    my $work = $slice{$what};
    $work->();
    my $count = 0;
    my ($begin, $cpu) = (clock_gettime(CLOCK_MONOTONIC), clock_gettime(CLOCK_PROCESS_CPUTIME_ID));
    my ($end, $now) = ($begin + $ms / 1000);
    do { $count += $work->() while ($now = clock_gettime(CLOCK_MONOTONIC)) < $end } while $now < $end;
    # Its own time, whoever else wants the processor.
    printf "%d %d\n", $count, (clock_gettime(CLOCK_PROCESS_CPUTIME_ID) - $cpu) * 1e9;
}
