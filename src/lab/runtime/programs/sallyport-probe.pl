#!/usr/bin/perl
# Tries connections, many at once, and tells how each went; `sallyport probe` runs it in the pods that it begins at.
#
# A line of the input is   ID PROTOCOL ADDRESS PORT MILLISECONDS   (tcp, udp or sctp; no names),
# and one of the output    ID OUTCOME MICROSECONDS TEXT            in the order in which they end.
#
#   connected    somebody answered
#   refused      nobody listens there: the packet got to the pod, as much as if somebody did
#   timeout      nothing came back
#   unreachable  a router or a filter said no
#   unsupported  this kernel does not know the protocol
#   error        it could not be tried
use strict;
use warnings;
use Config;
use Errno qw(EAGAIN EINTR EINPROGRESS ECONNREFUSED ECONNRESET EHOSTUNREACH ENETUNREACH EACCES EPERM EHOSTDOWN ENONET
  ENOPROTOOPT EPROTONOSUPPORT ESOCKTNOSUPPORT EAFNOSUPPORT EMFILE ENFILE ENOBUFS ETIMEDOUT EADDRNOTAVAIL);
use Fcntl qw(F_GETFL F_SETFL O_NONBLOCK);
use Socket qw(:DEFAULT inet_pton pack_sockaddr_in6);

use constant { MAX_AT_ONCE => 256, MAX_QUEUE => 4096, MAX_LINE => 400, MAX_MS => 120_000, SCTP => 132, CLOCK_MONOTONIC => 1 };

my %UNREACHABLE = map { $_ => 1 } EHOSTUNREACH, ENETUNREACH, EACCES, EPERM, EHOSTDOWN, ENONET;
my %UNSUPPORTED = map { $_ => 1 } EPROTONOSUPPORT, ESOCKTNOSUPPORT, EAFNOSUPPORT, ENOPROTOOPT;
# A question about the root, which every name server answers; everybody else gets words.
my $QUESTION = pack 'n6 C n2', 0x5a11, 0, 1, 0, 0, 0, 0, 2, 1;

my ($clock_call, %trying, @queue, $output);

sub now {
    my $time = "\0" x 16;
    return time * 1e6 unless defined $clock_call && syscall($clock_call, CLOCK_MONOTONIC, $time) == 0;
    my ($seconds, $nanoseconds) = unpack 'l!l!', $time;
    return $seconds * 1e6 + int($nanoseconds / 1000);
}

sub main {
    my $arch = $Config{archname};
    $clock_call = $arch =~ /x86_64/ ? 228 : $arch =~ /aarch64|arm64|riscv64|loongarch/ ? 113 : $arch =~ /i[3-6]86|x86/ ? 265
      : $arch =~ /arm/ ? 263 : $arch =~ /powerpc|ppc/ ? 246 : $arch =~ /s390/ ? 260 : undef;
    $SIG{PIPE} = 'DEFAULT';
    binmode STDIN;
    $output = '';
    fcntl STDIN, F_SETFL, fcntl(STDIN, F_GETFL, 0) | O_NONBLOCK;
    my $limit = MAX_AT_ONCE;
    my ($pending, $open) = ('', 1);
    while ($open || @queue || %trying) {
        while (@queue && keys %trying < $limit) {
            my $started = begin($queue[0]);
            # Too few descriptors: fewer at once, if there are others to wait for.
            if (!$started && %trying) { $limit = keys %trying; last }
            finish($queue[0], 'error', 'too many open files') unless $started;
            shift @queue;
        }
        flush_output();
        my ($read, $write) = ('', '');
        my $next;
        for my $fd (keys %trying) {
            my $probe = $trying{$fd};
            vec($probe->{datagram} ? $read : $write, $fd, 1) = 1;
            my $at = $probe->{again} && $probe->{again} < $probe->{end} ? $probe->{again} : $probe->{end};
            $next = $at if !defined $next || $at < $next;
        }
        my $listens = $open && @queue < MAX_QUEUE;
        vec($read, 0, 1) = 1 if $listens;
        my $wait = defined $next ? ($next - now()) / 1e6 : undef;
        $wait = 0 if defined $wait && $wait < 0;
        my $ready = select $read, $write, undef, $wait;
        ($read, $write) = ('', '') if $ready <= 0;
        if ($listens && vec $read, 0, 1) {
            my $count = sysread STDIN, $pending, 65536, length $pending;
            $open = 0 if defined $count ? $count == 0 : $! != EAGAIN && $! != EINTR;
            push @queue, parsed($1) while $pending =~ s/\A([^\n]*)\n//;
            if (length $pending > MAX_LINE || !$open && length $pending) { push @queue, parsed($pending); $pending = '' }
            @queue = grep { defined } @queue;
        }
        my $now = now();
        for my $fd (keys %trying) {
            my $probe = $trying{$fd};
            if ($probe->{datagram} ? vec $read, $fd, 1 : vec $write, $fd, 1) { $probe->{datagram} ? heard($probe) : settled($probe) }
            elsif ($probe->{end} <= $now) { $probe->{blocked} ? failed($probe, EPERM) : finish($probe, 'timeout', '') }
            elsif ($probe->{again} && $probe->{again} <= $now) {
                delete $probe->{again};
                send $probe->{socket}, $probe->{datagram}, 0;
            }
        }
    }
    flush_output();
    return 0;
}

sub parsed {
    my ($line) = @_;
    return undef if $line =~ /^\s*(?:#|$)/;
    my ($id, $protocol, $address, $port, $ms) = split ' ', substr $line, 0, MAX_LINE;
    my $probe = { id => substr($id, 0, 64), begun => now() };
    my $family = defined $address && $address =~ /:/ ? AF_INET6 : AF_INET;
    my $ip = defined $address ? inet_pton($family, $address) : undef;
    unless (defined $ms && defined $ip && $protocol =~ /^(?:tcp|udp|sctp)$/i && $port =~ /^\d{1,5}$/ && $port < 65536 && $port > 0
        && $ms =~ /^\d{1,6}$/ && $ms > 0 && $ms <= MAX_MS) {
        finish($probe, 'error', 'expected: ID tcp|udp|sctp ADDRESS PORT MILLISECONDS');
        return undef;
    }
    @{$probe}{qw(family protocol ms)} = ($family, lc $protocol, $ms);
    $probe->{to} = $family == AF_INET ? pack_sockaddr_in($port, $ip) : pack_sockaddr_in6($port, $ip);
    $probe->{datagram} = $port == 53 ? $QUESTION : "sallyport probe $probe->{id}\n" if $probe->{protocol} eq 'udp';
    return $probe;
}

# False when there are no more descriptors for now; else it is on its way or over.
sub begin {
    my ($probe) = @_;
    my $type = $probe->{datagram} ? SOCK_DGRAM : SOCK_STREAM;
    my $protocol = $probe->{protocol} eq 'sctp' ? SCTP : 0;
    unless (socket my $socket, $probe->{family}, $type, $protocol) {
        return 0 if $! == EMFILE || $! == ENFILE || $! == ENOBUFS;
        finish($probe, $UNSUPPORTED{ $! + 0 } ? 'unsupported' : 'error', "$!");
        return 1;
    }
    else { $probe->{socket} = $socket }
    my $socket = $probe->{socket};
    fcntl $socket, F_SETFL, fcntl($socket, F_GETFL, 0) | O_NONBLOCK;
    # Nothing is left waiting, here or there.
    setsockopt $socket, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0) if $type == SOCK_STREAM;
    $probe->{begun} = now();
    $probe->{end} = $probe->{begun} + $probe->{ms} * 1000;
    $trying{ fileno $socket } = $probe;
    if (!connect $socket, $probe->{to}) {
        failed($probe, $! + 0) unless $! == EINPROGRESS;
        return 1;
    }
    return settled($probe), 1 unless $probe->{datagram};
    $probe->{again} = $probe->{begun} + $probe->{ms} * 500;
    unless (defined send $socket, $probe->{datagram}, 0) {
        # A filter of this machine says no to who sends, and what it answers comes behind that.
        return failed($probe, $! + 0), 1 unless $! == EPERM;
        $probe->{blocked} = 1;
    }
    return 1;
}

sub settled {
    my ($probe) = @_;
    my $error = unpack 'i', getsockopt $probe->{socket}, SOL_SOCKET, SO_ERROR;
    $error == 0 ? finish($probe, 'connected', '') : failed($probe, $error);
}

sub heard {
    my ($probe) = @_;
    return finish($probe, 'connected', '') if defined recv $probe->{socket}, my $answer, 2048, 0;
    failed($probe, $! + 0) unless $! == EAGAIN || $! == EINTR;
}

sub failed {
    my ($probe, $error) = @_;
    local $! = $error;
    my $outcome = $error == ECONNREFUSED || $error == ECONNRESET ? 'refused' : $error == ETIMEDOUT ? 'timeout'
      : $UNREACHABLE{$error} ? 'unreachable' : $UNSUPPORTED{$error} ? 'unsupported' : 'error';
    finish($probe, $outcome, "$!");
}

sub finish {
    my ($probe, $outcome, $text) = @_;
    if (my $socket = delete $probe->{socket}) {
        delete $trying{ fileno $socket };
        close $socket;
    }
    $output .= sprintf "%s %s %d%s\n", $probe->{id}, $outcome, now() - $probe->{begun}, $text eq '' ? '' : " $text";
}

sub flush_output {
    while (length $output) {
        my $count = syswrite STDOUT, $output;
        defined $count ? substr($output, 0, $count) = '' : $! == EINTR ? next : exit 1;
    }
}

exit main(@ARGV) unless caller;
1;
