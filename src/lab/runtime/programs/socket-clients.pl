#!/usr/bin/perl
# nc, telnet, redis-cli, pg_isready and mysqladmin for machines that have none: what people check ports with. Of nc the
# messages and exit codes are those of the OpenBSD one, and its options besides those of busybox and ncat.
use strict;
use warnings;
use Errno qw(EAGAIN EINTR EINPROGRESS ECONNREFUSED EPIPE);
use Fcntl qw(F_GETFL F_SETFL O_NONBLOCK);
use Socket qw(:DEFAULT :addrinfo inet_ntop pack_sockaddr_in6 unpack_sockaddr_in6 IPPROTO_IPV6 IPV6_V6ONLY);

use constant { SCTP => 132, MAX_PENDING => 1 << 20, MAX_PORTS => 1000 };

sub complain { print STDERR "$_[0]\n"; return $_[1] // 1 }

sub ready {
    my ($handle, $writes, $seconds) = @_;
    my $bits = '';
    vec($bits, fileno $handle, 1) = 1;
    my ($read, $write) = $writes ? (undef, $bits) : ($bits, undef);
    my $count = select $read, $write, undef, $seconds;
    return $count > 0;
}

sub nonblocking { fcntl $_[0], F_SETFL, fcntl($_[0], F_GETFL, 0) | O_NONBLOCK }

sub ip_of {
    my ($packed) = @_;
    return 'unknown' unless defined $packed && length $packed >= 16;
    my $family = sockaddr_family($packed);
    my ($port, $ip) = $family == AF_INET6 ? unpack_sockaddr_in6($packed) : unpack_sockaddr_in($packed);
    return wantarray ? (inet_ntop($family, $ip), $port) : inet_ntop($family, $ip);
}

# A resolver that takes longer than somebody wants to wait is ended by the alarm, as nobody else can end it.
sub resolve {
    my ($host, $port, $family, $type, $numeric, $seconds) = @_;
    my $outcome = "Temporary failure in name resolution";
    if (defined $seconds && $seconds > 0 && $host !~ /^[\d.]+$|:/) {
        $SIG{ALRM} = 'DEFAULT';
        my $child = fork;
        if (defined $child && !$child) {
            alarm($seconds < 1 ? 1 : int $seconds);
            getaddrinfo($host, $port, { socktype => $type, family => $family });
            require POSIX;
            POSIX::_exit(0);
        }
        waitpid $child, 0 if $child;
        return ($outcome) if $child && $?;
    }
    my ($error, @found) = getaddrinfo($host, $port, { socktype => $type, family => $family, flags => $numeric ? AI_NUMERICHOST : 0 });
    return ("$error") if $error;
    return ('', map { [ $_->{family}, $_->{addr} ] } @found);
}

# The socket, or why not.
sub connected {
    my ($family, $packed, $type, $protocol, $seconds, $source) = @_;
    socket my $socket, $family, $type, $protocol or return (undef, "$!");
    if ($source) {
        setsockopt $socket, SOL_SOCKET, SO_REUSEADDR, 1;
        bind $socket, $source or return (undef, "$!");
    }
    nonblocking($socket);
    return ($socket) if connect $socket, $packed;
    return (undef, "$!") unless $! == EINPROGRESS;
    return (undef, 'timed out') unless ready($socket, 1, $seconds);
    local $! = unpack 'i', getsockopt $socket, SOL_SOCKET, SO_ERROR;
    return $! ? (undef, "$!") : ($socket);
}

# The input goes there, what comes from there to the output, until the other side is done, or nothing happens for long.
# `quit`: so many seconds after the end of the input. False when the other side broke off.
sub relay {
    my ($socket, %options) = @_;
    my ($input, $idle, $quit, $filter) = ($options{input} // \*STDIN, @options{qw(idle quit filter)});
    my ($out, $listens, $end, $done) = ('', !$options{deaf}, undef, 0);
    nonblocking($socket);
    while (1) {
        return 1 if $done && !$listens && !length $out;
        my ($read, $write) = ('', '');
        vec($read, fileno $socket, 1) = 1 unless $done;
        vec($read, fileno $input, 1) = 1 if $listens && length $out < MAX_PENDING;
        vec($write, fileno $socket, 1) = 1 if length $out;
        my $wait = $idle;
        if (defined $end) {
            my $rest = $end - time;
            return 1 if $rest <= 0 && !length $out;
            $wait = $rest < 0 ? 0 : $rest if !defined $wait || $rest < $wait;
        }
        # The other side is done: what is there already still goes out.
        $wait = 0 if $done && !length $out;
        my $count = select $read, $write, undef, $wait;
        if ($count <= 0) {
            return 1 if $done;
            next if $count < 0 && $! == EINTR;
            return 1 if !defined $end || time >= $end;
            next;
        }
        if (vec $write, fileno $socket, 1) {
            my $sent = syswrite $socket, $out;
            if (defined $sent) { substr($out, 0, $sent) = '' }
            elsif ($! != EAGAIN && $! != EINTR) { return 0 }
            shutdown $socket, 1 if !length $out && !$listens && $options{half};
        }
        if (vec $read, fileno $socket, 1) {
            my $got = sysread $socket, my $data, 65536;
            if (!defined $got) { return 0 unless $! == EAGAIN || $! == EINTR }
            elsif ($got == 0) { $done = 1 unless $options{datagrams} }
            else {
                $data = $filter->($data) if $filter;
                while (length $data) { my $done = syswrite STDOUT, $data; defined $done or return 0; substr($data, 0, $done) = '' }
            }
        }
        if ($listens && vec $read, fileno $input, 1) {
            my $got = sysread $input, my $data, $options{datagrams} ? 1400 : 65536;
            if ($got) {
                if   ($options{datagrams}) { defined syswrite($socket, $data) or return 0 }
                else                       { $out .= $data }
            }
            else {
                $listens = 0;
                $end = time + $quit if defined $quit && $quit >= 0;
                shutdown $socket, 1 if $options{half} && !length $out;
            }
        }
    }
}

# ---- nc

my %NC_LONG = (
    listen => 'l', 'keep-open' => 'k', udp => 'u', verbose => 'v', nodns => 'n', wait => 'w', 'idle-timeout' => 'w', 'source-port' => 'p',
    exec => 'E', 'sh-exec' => 'c', sctp => 'sctp', 'recv-only' => 'd', 'send-only' => 'send', 'zero' => 'z', source => 's', port => 'p', 'local-port' => 'p',
);

sub nc {
    my ($name, @args) = @_;
    my %options;
    my @words;
    my $takes = qr/^(?:[wpqisWeEcXxIOTVM])$/;
    while (@args) {
        my $arg = shift @args;
        if ($arg eq '--') { push @words, @args; last }
        if ($arg =~ /^--([a-z-]+)(?:=(.*))?$/s) {
            my ($option, $value) = ($1, $2);
            my $letter = $NC_LONG{$option} // return complain("$name: unrecognized option '$arg'");
            $options{$letter} = $letter =~ $takes ? $value // shift @args // return complain("$name: option '$arg' requires an argument") : 1;
        }
        elsif ($arg =~ /^-([^-].*)$/s) {
            my $letters = $1;
            while ($letters ne '') {
                my $letter = substr $letters, 0, 1, '';
                return complain("$name: invalid option -- '$letter'") unless $letter =~ /^[46CDdFhklNnrStUuvzZwpqisWeEcXxIOTVMb]$/;
                if ($letter =~ $takes) {
                    $options{$letter} = $letters ne '' ? $letters : shift @args // return complain("$name: option requires an argument -- '$letter'");
                    # busybox: the rest is the program.
                    if ($letter eq 'e') { $options{program} = [ $options{e}, $options{l} ? @args : () ]; @args = () if $options{l} }
                    last;
                }
                $options{$letter}++;
            }
        }
        else { push @words, $arg }
    }
    $options{program} = [ split ' ', $options{E} ] if defined $options{E};
    $options{program} = [ '/bin/sh', '-c', $options{c} ] if defined $options{c};
    return complain("$name: -X and -x: no proxies here") if defined $options{X} || defined $options{x};
    for (qw(w q i)) { return complain("$name: $_: not a number: $options{$_}") if defined $options{$_} && $options{$_} !~ /^-?\d{1,6}(?:\.\d+)?(?:s|ms)?$/ }
    if (defined $options{w}) { $options{w} = $options{w} =~ /^(.*)ms$/ ? $1 / 1000 : $options{w} =~ s/s$//r; $options{w} ||= undef if $options{w} == 0 }
    return nc_listen($name, \%options, @words) if $options{l};
    my ($host, @ports) = @words;
    return complain("usage: $name [-46klnuvz] [-p port] [-q seconds] [-w seconds] [-e program] [host] [port]") unless defined $host && @ports;
    my @all;
    for my $port (map { split /,/ } @ports) {
        if ($port =~ /^(\d{1,5})-(\d{1,5})$/ && $1 <= $2 && $2 - $1 < MAX_PORTS) { push @all, $1 .. $2 }
        else { push @all, $port }
    }
    my $code = 1;
    for my $port (@all) {
        my $result = nc_connect($name, \%options, $host, $port);
        $code = 0 if $result == 0;
    }
    return $code;
}

sub nc_connect {
    my ($name, $options, $host, $port) = @_;
    my $kind = $options->{u} ? 'udp' : $options->{sctp} ? 'sctp' : 'tcp';
    my $type = $options->{u} ? SOCK_DGRAM : SOCK_STREAM;
    my $family = $options->{4} ? AF_INET : $options->{6} ? AF_INET6 : AF_UNSPEC;
    my ($error, @found) = resolve($host, $port, $family, $type, $options->{n}, $options->{w});
    return complain(qq($name: getaddrinfo for host "$host" port $port: $error)) if $error ne '';
    for my $address (@found) {
        my ($ip, $number) = ip_of($address->[1]);
        my $shown = $ip eq $host ? $host : "$host ($ip)";
        my $source;
        if (defined $options->{p} && $options->{p} =~ /^\d{1,5}$/) {
            $source = $address->[0] == AF_INET ? pack_sockaddr_in($options->{p}, INADDR_ANY) : pack_sockaddr_in6($options->{p}, "\0" x 16);
        }
        my ($socket, $why) = connected(@$address, $type, $options->{sctp} ? SCTP : 0, $options->{w}, $source);
        if ($socket && $options->{u} && $options->{z}) { ($socket, $why) = reached($socket, $options->{w}) }
        unless ($socket) {
            my $text = $why eq 'timed out' ? 'timed out: Operation now in progress' : "failed: $why";
            print STDERR "$name: connect to $shown port $number ($kind) $text\n" if $options->{v} || !$options->{z};
            next;
        }
        my $service = (getservbyport($number, $kind))[0] // '*';
        print STDERR "Connection to $shown $number port [$kind/$service] succeeded!\n" if $options->{v};
        return 0 if $options->{z};
        return run_program($socket, @{ $options->{program} }) if $options->{program};
        $| = 1;
        return relay($socket, idle => $options->{w}, quit => $options->{q}, half => !$options->{u}, datagrams => $options->{u}, deaf => $options->{d}) ? 0 : 1;
    }
    return 1;
}

# Of a datagram nobody knows whether it arrived, unless somebody says that nobody listens there.
sub reached {
    my ($socket, $seconds) = @_;
    for (1 .. 2) {
        defined syswrite $socket, 'X' or return (undef, "$!");
        next unless ready($socket, 0, defined $seconds && $seconds < 1 ? $seconds / 2 : 0.5);
        return defined sysread($socket, my $answer, 65536) ? ($socket) : (undef, "$!");
    }
    return ($socket);
}

sub run_program {
    my ($socket, @program) = @_;
    fcntl $socket, F_SETFL, fcntl($socket, F_GETFL, 0) & ~O_NONBLOCK;
    open STDIN, '<&', $socket;
    open STDOUT, '>&', $socket;
    exec { $program[0] } @program or complain("nc: $program[0]: $!", 127);
}

sub nc_listen {
    my ($name, $options, @words) = @_;
    my $port = $options->{p} // pop @words;
    my $host = $options->{s} // pop @words;
    return complain("$name: missing port with option -l") unless defined $port;
    return complain("$name: port number invalid: $port") unless $port =~ /^\d{1,5}$/ && $port < 65536;
    my $type = $options->{u} ? SOCK_DGRAM : SOCK_STREAM;
    my ($socket, $why);
    if (defined $host) {
        my ($error, @found) = resolve($host, $port, AF_UNSPEC, $type, 1, undef);
        return complain(qq($name: getaddrinfo for host "$host" port $port: $error)) if $error ne '';
        ($socket, $why) = listening(@{ $found[0] }, $type, $options->{sctp}, 0);
    }
    else {
        ($socket, $why) = listening(AF_INET6, pack_sockaddr_in6($port, "\0" x 16), $type, $options->{sctp}, 0) unless $options->{4};
        ($socket, $why) = listening(AF_INET, pack_sockaddr_in($port, INADDR_ANY), $type, $options->{sctp}, 0) unless $socket || $options->{6};
    }
    return complain("$name: $why") unless $socket;
    print STDERR "Listening on " . ($host // '0.0.0.0') . " $port\n" if $options->{v};
    $| = 1;
    return listen_datagrams($socket, $options) if $options->{u};
    $SIG{CHLD} = 'IGNORE' if $options->{k} && $options->{program};
    while (1) {
        my $peer = accept my $connection, $socket or next;
        print STDERR 'Connection received on ' . join(' ', ip_of($peer)) . "\n" if $options->{v};
        if ($options->{program}) {
            my $child = $options->{k} ? fork : 0;
            return run_program($connection, @{ $options->{program} }) if defined $child && !$child;
        }
        elsif ($options->{z}) { }
        else {
            relay($connection, idle => $options->{w}, quit => $options->{q}, half => 1, deaf => $options->{d});
        }
        close $connection;
        return 0 unless $options->{k};
    }
}

sub listening {
    my ($family, $address, $type, $sctp) = @_;
    socket my $socket, $family, $type, $sctp ? SCTP : 0 or return (undef, "$!");
    setsockopt $socket, SOL_SOCKET, SO_REUSEADDR, 1;
    setsockopt $socket, IPPROTO_IPV6, IPV6_V6ONLY, 0 if $family == AF_INET6;
    bind $socket, $address or return (undef, "$!");
    $type == SOCK_DGRAM || listen $socket, 64 or return (undef, "$!");
    return ($socket);
}

# Talks to whoever spoke first; with -k to everybody, and then only listens.
sub listen_datagrams {
    my ($socket, $options) = @_;
    while (1) {
        defined(my $peer = recv $socket, my $data, 65536, 0) or next;
        print STDERR 'Connection received on ' . join(' ', ip_of($peer)) . "\n" if $options->{v};
        syswrite STDOUT, $data;
        if ($options->{program}) {
            my $output = '';
            if (open my $pipe, '-|', @{ $options->{program} }) { local $/; $output = <$pipe> // ''; close $pipe }
            send $socket, $output, 0, $peer;
        }
        next if $options->{k};
        connect $socket, $peer;
        return relay($socket, idle => $options->{w}, quit => $options->{q}, datagrams => 1) ? 0 : 1;
    }
}

# ---- telnet

sub telnet {
    my @words = grep { !/^-/ } @_;
    my ($host, $port) = @words;
    return complain('usage: telnet host [port]') unless defined $host;
    $port //= 23;
    my ($error, @found) = resolve($host, $port, AF_UNSPEC, SOCK_STREAM, 0, undef);
    return complain("telnet: could not resolve $host/$port: $error") if $error ne '';
    $| = 1;
    my $why;
    for my $address (@found) {
        print 'Trying ' . ip_of($address->[1]) . "...\n";
        (my $socket, $why) = connected(@$address, SOCK_STREAM, 0, undef);
        next unless $socket;
        print "Connected to $host.\nEscape character is '^]'.\n";
        # Offers and demands of the protocol are not answered, and not shown.
        relay($socket, quit => 1, filter => sub { my ($text) = @_; $text =~ s/\xff(?:[\xfb-\xfe].|[\xf0-\xfa\xff])//gs; return $text });
        print "Connection closed by foreign host.\n";
        return 1;
    }
    return complain('telnet: Unable to connect to remote host: ' . ($why eq 'timed out' ? 'Connection timed out' : $why));
}

# ---- what databases are asked with

sub database_flags {
    my ($port, @args) = @_;
    my %found = (h => '127.0.0.1', words => []);
    while (@args) {
        my $arg = shift @args;
        if    ($arg =~ /^-([hpUdaunt])(.*)$/s) { my ($name, $value) = ($1, $2); $found{$name} = $value ne '' ? $value : shift @args }
        elsif ($arg =~ /^--(host|port|user|password|dbname|username|timeout)(?:=(.*))?$/s) { my ($name, $value) = ($1, $2); $found{ substr $name, 0, 1 } = $value // shift @args }
        elsif ($arg =~ /^-/) { }
        else { push @{ $found{words} }, $arg; push @{ $found{words} }, splice @args if $port == 6379 }
    }
    $found{p} = $port unless defined $found{p} && $found{p} =~ /^\d{1,5}$/;
    return \%found;
}

sub dial {
    my ($found, $seconds) = @_;
    my ($error, @addresses) = resolve($found->{h}, $found->{p}, AF_UNSPEC, SOCK_STREAM, 0, $seconds);
    return (undef, $error) if $error ne '';
    my ($socket, $why);
    for (@addresses) {
        ($socket, $why) = connected(@$_, SOCK_STREAM, 0, $seconds);
        return ($socket) if $socket;
    }
    return (undef, $why eq 'timed out' ? 'Connection timed out' : $why);
}

sub redis_cli {
    my $found = database_flags(6379, @_);
    my ($socket, $why) = dial($found, 10);
    return complain("Could not connect to Redis at $found->{h}:$found->{p}: $why") unless $socket;
    my @commands = @{ $found->{words} } ? [ @{ $found->{words} } ] : map { [ split ' ' ] } grep { /\S/ } <STDIN>;
    my $in = '';
    for my $command (@commands) {
        syswrite $socket, join '', '*' . @$command . "\r\n", map { '$' . length . "\r\n$_\r\n" } @$command;
        until ($in =~ /\A(?:[+:-][^\r]*\r\n|\$-1\r\n|\*0\r\n)/) {
            last if $in =~ /\A\$(\d+)\r\n/ && length $in >= $+[0] + $1 + 2;
            return complain('Error: Server closed the connection') unless ready($socket, 0, 10) && sysread $socket, $in, 65536, length $in;
        }
        if    ($in =~ s/\A[+]([^\r]*)\r\n//) { print "$1\n" }
        elsif ($in =~ s/\A:([^\r]*)\r\n//) { print "(integer) $1\n" }
        elsif ($in =~ s/\A-([^\r]*)\r\n//) { print "(error) $1\n" }
        elsif ($in =~ s/\A\$-1\r\n//) { print "(nil)\n" }
        elsif ($in =~ s/\A\*0\r\n//) { print "(empty array)\n" }
        elsif ($in =~ /\A\$(\d+)\r\n/) { my $at = $+[0]; print substr($in, $at, $1), "\n"; substr($in, 0, $at + $1 + 2) = '' }
    }
    return 0;
}

sub pg_isready {
    my $found = database_flags(5432, @_);
    my ($socket) = dial($found, 3);
    my $shown = "$found->{h}:$found->{p}";
    unless ($socket) { print "$shown - no response\n"; return 2 }
    my $words = "user\0postgres\0\0";
    syswrite $socket, pack('NN', 8 + length $words, 196608) . $words;
    my $answer = '';
    my $said = ready($socket, 0, 3) && sysread($socket, $answer, 1) && $answer eq 'R';
    print "$shown - ", $said ? "accepting connections\n" : "rejecting connections\n";
    return $said ? 0 : 1;
}

sub mysqladmin {
    my $found = database_flags(3306, @_);
    my ($socket, $why) = dial($found, 10);
    return complain("mysqladmin: connect to server at '$found->{h}' failed\nerror: '$why'") unless $socket;
    return complain("mysqladmin: the lab's own knows: ping") unless grep { $_ eq 'ping' } @{ $found->{words} };
    return complain("mysqladmin: connect to server at '$found->{h}' failed") unless ready($socket, 0, 5) && sysread $socket, my $greeting, 5;
    print "mysqld is alive\n";
    return 0;
}

sub main {
    my ($name, @args) = @_;
    $SIG{PIPE} = 'IGNORE';
    # The first process of a pid namespace has no default actions.
    $SIG{$_} = sub { exit 143 } for qw(TERM INT);
    return $name eq 'telnet' ? telnet(@args) : $name eq 'redis-cli' ? redis_cli(@args) : $name eq 'pg_isready' ? pg_isready(@args)
      : $name eq 'mysqladmin' ? mysqladmin(@args) : nc($name, @args);
}

# `perl socket-clients.pl nc ...` is nc.
exit main($0 =~ m{([^/]+)$} && $1 !~ /\.pl$/ ? ($1, @ARGV) : @ARGV) unless caller;
1;
