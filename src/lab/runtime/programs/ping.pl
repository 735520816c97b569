#!/usr/bin/perl
# ping and ping6 for machines that have none.
use strict;
use warnings;
use Config;
use Errno qw(EAGAIN EINTR ECONNREFUSED);
use Socket qw(:DEFAULT :addrinfo inet_ntop unpack_sockaddr_in6);

use constant { ICMP => 1, ICMP6 => 58 };

my $clock_call = $Config{archname} =~ /x86_64/ ? 228 : $Config{archname} =~ /aarch64|arm64|riscv64|loongarch/ ? 113 : undef;

sub now {
    my $time = "\0" x 16;
    return time unless defined $clock_call && syscall($clock_call, 1, $time) == 0;
    my ($seconds, $nanoseconds) = unpack 'l!l!', $time;
    return $seconds + $nanoseconds / 1e9;
}

sub checksum {
    my ($bytes) = @_;
    my $sum = 0;
    $sum += $_ for unpack 'n*', length($bytes) % 2 ? "$bytes\0" : $bytes;
    $sum = ($sum & 0xffff) + ($sum >> 16) while $sum >> 16;
    return ~$sum & 0xffff;
}

sub main {
    my ($name, @args) = @_;
    $| = 1;
    my %options = (i => 1, s => 56, W => 1);
    my $host;
    while (@args) {
        my $arg = shift @args;
        if ($arg =~ /^-([ciWwstIMpQ])(.*)$/s) {
            my ($letter, $value) = ($1, $2 ne '' ? $2 : shift @args);
            return wrong("option requires an argument -- '$letter'") unless defined $value;
            return wrong("invalid argument: '$value'") if $letter =~ /[ciWws]/ && $value !~ /^\d{1,6}(?:\.\d{1,6})?$/;
            $options{$letter} = $value;
        }
        elsif ($arg =~ /^-([46nqvbADORUaf]+)$/) { $options{$_} = 1 for split //, $1 }
        elsif ($arg =~ /^-./) { return wrong("invalid option -- '$arg'") }
        else { $host = $arg }
    }
    return wrong('usage: ping [-46nq] [-c count] [-i interval] [-W timeout] [-w deadline] destination') unless defined $host;
    my $family = $options{6} || $name eq 'ping6' ? AF_INET6 : $options{4} ? AF_INET : AF_UNSPEC;
    my ($error, $found) = getaddrinfo($host, '', { family => $family, socktype => SOCK_RAW });
    return wrong("$host: $error") if $error;
    $family = $found->{family};
    my $protocol = $family == AF_INET6 ? ICMP6 : ICMP;
    my $raw = 0;
    unless (socket my $socket, $family, SOCK_DGRAM, $protocol) {
        socket $socket, $family, SOCK_RAW, $protocol or return wrong("socket: $!");
        $raw = 1;
        $options{socket} = $socket;
    }
    else { $options{socket} = $socket }
    my $socket = $options{socket};
    connect $socket, $found->{addr} or return wrong("connect: $!");
    my $ip = inet_ntop($family, $family == AF_INET6 ? (unpack_sockaddr_in6 $found->{addr})[1] : (unpack_sockaddr_in $found->{addr})[1]);
    my $size = $options{s} > 65000 ? 65000 : int $options{s};
    my $id = $$ & 0xffff;
    my ($sent, $received, $errors, @times) = (0, 0, 0);
    my $begun = now();
    my $deadline = defined $options{w} ? $begun + $options{w} : undef;
    my $over = 0;
    local $SIG{INT} = sub { $over = 1 };
    local $SIG{TERM} = sub { $over = 1 };
    print "PING $host ($ip): $size data bytes\n";
    my %out;
    my $next = $begun;
    until ($over) {
        my $now = now();
        last if defined $deadline && $now >= $deadline;
        my $all = defined $options{c} && $sent >= $options{c};
        if (!$all && $now >= $next) {
            my $type = $family == AF_INET6 ? 128 : 8;
            my $payload = substr pack('d', $now) . 'x' x $size, 0, $size;
            my $packet = pack('CCnnn', $type, 0, 0, $id, ++$sent & 0xffff) . $payload;
            substr($packet, 2, 2) = pack 'n', checksum($packet) if $family == AF_INET;
            $out{ $sent & 0xffff } = $now;
            $errors++ unless defined syswrite $socket, $packet;
            $next = $now + $options{i};
            next;
        }
        my $wait = $all ? (sort { $a <=> $b } map { $_ + $options{W} } values %out)[-1] // 0 : $next;
        $wait = $deadline if defined $deadline && $deadline < $wait;
        last if $all && (!%out || $wait <= $now);
        my $bits = '';
        vec($bits, fileno $socket, 1) = 1;
        next if select($bits, undef, undef, $wait > $now ? $wait - $now : 0) <= 0;
        my $peer = recv $socket, my $packet, 65536, 0;
        unless (defined $peer) {
            next if $! == EAGAIN || $! == EINTR;
            print "From $ip: $!\n" unless $options{q};
            $errors++;
            my ($oldest) = sort { $out{$a} <=> $out{$b} } keys %out;
            delete $out{$oldest} if defined $oldest;
            next;
        }
        my $ttl = 64;
        if ($raw && $family == AF_INET) {
            next if length $packet < 28;
            $ttl = ord substr $packet, 8, 1;
            substr($packet, 0, (ord($packet) & 15) * 4) = '';
        }
        next if length $packet < 8;
        my ($type, undef, undef, $its, $sequence) = unpack 'CCnnn', $packet;
        next unless $type == ($family == AF_INET6 ? 129 : 0) && (!$raw || $its == $id);
        my $since = delete $out{$sequence} // next;
        my $ms = (now() - $since) * 1000;
        $received++;
        push @times, $ms;
        printf "%d bytes from %s: icmp_seq=%d%s time=%.3f ms\n", length $packet, $ip, $sequence, $raw && $family == AF_INET ? " ttl=$ttl" : '', $ms unless $options{q};
    }
    printf "\n--- %s ping statistics ---\n%d packets transmitted, %d packets received, %d%% packet loss\n", $host, $sent, $received,
      $sent ? 100 - 100 * $received / $sent : 0;
    if (@times) {
        my ($sum, $least, $most) = (0, $times[0], $times[0]);
        for (@times) { $sum += $_; $least = $_ if $_ < $least; $most = $_ if $_ > $most }
        printf "round-trip min/avg/max = %.3f/%.3f/%.3f ms\n", $least, $sum / @times, $most;
    }
    return $received ? 0 : 1;
}

sub wrong { print STDERR "ping: $_[0]\n"; return 2 }

# `perl ping.pl ping6 ...` is ping6.
exit main($0 =~ m{([^/]+)$} && $1 !~ /\.pl$/ ? ($1, @ARGV) : @ARGV) unless caller;
1;
