#!/usr/bin/perl
# The servers of the lab: http-server, echo-server, stand-in-server and what other images call theirs. One process, one
# loop, bounded connections; no modules beyond perl-base. Which server it is, the name says that it was started by.
#
#   http-server --kind KIND --http PORT... [--text TEXT]    a page for people, and /hostname /clientip /echo /healthz
#   echo-server --tcp PORT... --udp PORT... --sctp PORT...  what it hears, it says
#   stand-in-server [--greet mysql] [--unix PATH] --tcp PORT...  stands in for a database: says the least that clients expect
#   http-echo, whoami, agnhost, pause                       with the flags of the real ones
use strict;
use warnings;
use Errno qw(EAGAIN EINTR EINPROGRESS ECONNREFUSED EADDRINUSE EACCES);
use Fcntl qw(F_GETFL F_SETFL O_NONBLOCK);
use Socket qw(:DEFAULT :addrinfo inet_ntop inet_pton pack_sockaddr_in6 unpack_sockaddr_in6 IPPROTO_IPV6 IPV6_V6ONLY);

use constant {
    SCTP            => 132,
    MAX_CONNECTIONS => 500,
    MAX_HEAD        => 16 << 10,
    MAX_BODY        => 1 << 20,
    MAX_FILE        => 1 << 20,
    MAX_PENDING     => 256 << 10,
    MAX_DELAY       => 60,
    IDLE_SECONDS    => 75,
    BATCH           => 64,
};

my %STATUS = (
    100 => 'Continue', 200 => 'OK', 204 => 'No Content', 301 => 'Moved Permanently', 302 => 'Found',
    304 => 'Not Modified', 400 => 'Bad Request', 401 => 'Unauthorized', 403 => 'Forbidden', 404 => 'Not Found',
    405 => 'Method Not Allowed', 413 => 'Content Too Large', 418 => "I'm a teapot", 429 => 'Too Many Requests',
    431 => 'Request Header Fields Too Large', 500 => 'Internal Server Error', 501 => 'Not Implemented',
    502 => 'Bad Gateway', 503 => 'Service Unavailable', 504 => 'Gateway Timeout',
);
my @DAYS = qw(Sun Mon Tue Wed Thu Fri Sat);
my @MONTHS = qw(Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec);
my %ROOTS = (nginx => '/usr/share/nginx/html', httpd => '/usr/local/apache2/htdocs');
my %SERVER = (nginx => 'nginx/1.27.0', httpd => 'Apache/2.4.62 (Unix)');

my (%listeners, %clients, @timers);
my ($begun, $hostname, $namespace);

sub main {
    my ($name, @args) = @_;
    $| = 1;
    $SIG{PIPE} = 'IGNORE';
    # The first process of a pid namespace has no default actions.
    $SIG{$_} = sub { exit 0 } for qw(TERM INT QUIT);
    $begun = time;
    $hostname = first_line('/proc/sys/kernel/hostname') // 'localhost';
    $namespace = own_namespace();

    return wait_for_end() if $name eq 'pause';
    return agnhost(@args) if $name eq 'agnhost';
    if ($name eq 'nginx' || $name =~ /^httpd/) {
        # Only questions about it end; everything else a real one would take is as good as nothing.
        return said("nginx version: nginx/1.27.0 (built into the lab)\n") if grep { /^-[vVt]$/ } @args;
        my $kind = $name eq 'nginx' ? 'nginx' : 'httpd';
        # As busybox's is started: httpd -f -p 8080.
        my ($port) = $kind eq 'httpd' ? "@args" =~ /(?:^|\s)-p ?(?:\S*:)?(\d{1,5})(?!\S)/ : ();
        listen_http(http_kind($kind), $port // 80);
    }
    elsif ($name eq 'http-echo') {
        my %flags = go_flags(@args);
        my ($port) = ($flags{listen} // ':5678') =~ /:(\d+)$/ or return failed("http-echo: bad -listen");
        my $text = $flags{text} // $ENV{ECHO_TEXT};
        return failed('Missing -text option!') unless defined $text;
        my $code = ($flags{'status-code'} // '') =~ /^(\d{3})$/ ? $1 : 200;
        listen_http(sub { $_[0]{path} eq '/health' ? json(200, qq({"status":"ok"}\n)) : text($code, "$text\n") }, $port);
    }
    elsif ($name eq 'whoami') {
        my %flags = go_flags(@args);
        listen_http(http_kind('whoami', $flags{name}), $flags{port} // 80);
    }
    else {
        my %flags = (kind => ['page'], http => [], tcp => [], udp => [], sctp => [], unix => [], text => [], greet => []);
        while (@args) {
            my ($flag) = shift(@args) =~ /^--([a-z]+)$/;
            return failed("$name: --http, --tcp, --udp, --sctp PORT") unless defined $flag && $flags{$flag} && @args;
            push @{ $flags{$flag} }, shift @args;
        }
        my $raw = $name eq 'echo-server' ? \&repeat : stand_in($flags{greet}[0] // '');
        listen_http(http_kind($flags{kind}[-1], $flags{text}[0]), $_) for @{ $flags{http} };
        listen_stream($raw, $_, 0) for @{ $flags{tcp} };
        listen_stream($raw, $_, SCTP) for @{ $flags{sctp} };
        listen_datagram(sub { $_[0] }, $_) for @{ $flags{udp} };
        listen_local($raw, $_) for @{ $flags{unix} };
    }
    return serve();
}

sub wait_for_end {
    $SIG{CHLD} = 'IGNORE';
    sleep 3600 while 1;
}

sub said { print $_[0]; return 0 }

sub failed { print STDERR "$_[0]\n"; return 1 }

sub first_line {
    open my $file, '<', $_[0] or return undef;
    my $line = <$file> // return undef;
    chomp $line;
    return $line;
}

# Pods search their own namespace first.
sub own_namespace {
    if (open my $file, '<', '/etc/resolv.conf') {
        while (<$file>) { return $1 if /^search\s+([a-z0-9-]+)\.svc\./ }
    }
    return first_line('/var/run/secrets/kubernetes.io/serviceaccount/namespace') // 'default';
}

# -name value, -name=value, --name value, --name=value; a flag that nothing follows is true.
sub go_flags {
    my %flags;
    while (@_) {
        my $word = shift;
        if    ($word =~ /^--?([\w-]+)=(.*)$/s) { $flags{$1} = $2 }
        elsif ($word =~ /^--?([\w-]+)$/) { my $name = $1; $flags{$name} = @_ && $_[0] !~ /^--?[a-z]/ ? shift : 'true' }
    }
    return %flags;
}

# ---- sockets

sub nonblocking {
    my ($socket) = @_;
    fcntl($socket, F_SETFL, fcntl($socket, F_GETFL, 0) | O_NONBLOCK);
}

# One socket a family, so that clients have the addresses they are known by. A kernel without a family or a protocol
# is no reason to end; a port that somebody has is.
sub bound_sockets {
    my ($port, $type, $protocol) = @_;
    $port =~ /^\d{1,5}$/ && $port > 0 && $port < 65536 or end_with("no port: $port");
    my @sockets;
    my $missing;
    for my $family (AF_INET, AF_INET6) {
        my $socket;
        unless (socket $socket, $family, $type, $protocol) { $missing = "$!"; next }
        setsockopt $socket, SOL_SOCKET, SO_REUSEADDR, 1 if $type == SOCK_STREAM;
        setsockopt $socket, IPPROTO_IPV6, IPV6_V6ONLY, 1 if $family == AF_INET6;
        my $address = $family == AF_INET ? pack_sockaddr_in($port, INADDR_ANY) : pack_sockaddr_in6($port, "\0" x 16);
        unless (bind $socket, $address) {
            if ($! == EADDRINUSE || $! == EACCES) { end_with(sprintf 'bind() to port %s failed (%d: %s)', $port, $! + 0, "$!") }
            $missing = "$!";
            next;
        }
        if ($type == SOCK_STREAM && !listen $socket, 4096) { end_with("listen() on port $port failed ($!)") }
        nonblocking($socket);
        push @sockets, $socket;
    }
    print STDERR "port $port is not served: $missing\n" unless @sockets;
    return @sockets;
}

sub end_with { print STDERR "$_[0]\n"; exit 1 }

sub listen_stream {
    my ($handler, $port, $protocol) = @_;
    for my $socket (bound_sockets($port, SOCK_STREAM, $protocol)) {
        $listeners{ fileno $socket } = { socket => $socket, handler => $handler, port => $port };
    }
}

sub listen_http {
    my ($answer, $port) = @_;
    listen_stream(http_connection($answer), $port, 0);
}

# Tools of databases look for them in a file first.
sub listen_local {
    my ($handler, $path) = @_;
    my $folder = '';
    for my $part (grep { length } (split m{/}, $path)[0 .. ($path =~ tr{/}{}) - 1]) {
        $folder .= "/$part";
        mkdir $folder;
    }
    unlink $path;
    my $socket;
    my $bound = socket($socket, AF_UNIX, SOCK_STREAM, 0) && bind($socket, pack_sockaddr_un($path)) && listen $socket, 64;
    unless ($bound) { print STDERR "$path is not served: $!\n"; return }
    chmod 0777, $path;
    nonblocking($socket);
    $listeners{ fileno $socket } = { socket => $socket, handler => $handler, port => 0 };
}

sub listen_datagram {
    my ($answer, $port) = @_;
    for my $socket (bound_sockets($port, SOCK_DGRAM, 0)) {
        $listeners{ fileno $socket } = { socket => $socket, datagram => $answer, port => $port };
    }
}

sub address_of {
    my ($packed) = @_;
    return ('unknown', 0) unless defined $packed && length $packed >= 16;
    my $family = sockaddr_family($packed);
    return ('local', 0) unless $family == AF_INET || $family == AF_INET6;
    my ($port, $ip) = $family == AF_INET6 ? unpack_sockaddr_in6($packed) : unpack_sockaddr_in($packed);
    return (inet_ntop($family, $ip), $port);
}

sub with_port { my ($ip, $port) = @_; return $ip =~ /:/ ? "[$ip]:$port" : "$ip:$port" }

sub serve {
    while (1) {
        my ($read, $write) = ('', '');
        vec($read, $_, 1) = 1 for keys %listeners;
        for my $fd (keys %clients) {
            my $client = $clients{$fd};
            vec($write, $fd, 1) = 1 if length $client->{out};
            vec($read, $fd, 1) = 1 unless $client->{closing} || $client->{waits} || length $client->{out} > MAX_PENDING;
        }
        my $wait = %clients ? 5 : undef;
        if (@timers) {
            my $rest = $timers[0]{at} - time;
            $wait = $rest < 0 ? 0 : $rest if !defined $wait || $rest < $wait;
        }
        my $ready = select $read, $write, undef, $wait;
        my $now = time;
        while (@timers && $timers[0]{at} <= $now) { (shift @timers)->{run}->() }
        if ($ready <= 0) {
            close_client($_) for grep { $_->{idles} && $_->{seen} + IDLE_SECONDS < $now } values %clients;
            next;
        }
        for my $fd (keys %clients) {
            my $client = $clients{$fd} or next;
            send_rest($client) if vec $write, $fd, 1;
            receive($client) if $clients{$fd} && vec $read, $fd, 1;
        }
        for my $fd (keys %listeners) {
            next unless vec $read, $fd, 1;
            $listeners{$fd}{datagram} ? answer_datagrams($listeners{$fd}) : accept_clients($listeners{$fd});
        }
    }
}

sub after {
    my ($seconds, $run) = @_;
    push @timers, { at => time + $seconds, run => $run };
    @timers = sort { $a->{at} <=> $b->{at} } @timers;
}

sub accept_clients {
    my ($listener) = @_;
    for (1 .. BATCH) {
        my $peer = accept my $socket, $listener->{socket};
        unless ($peer) {
            # Out of descriptors: who waits longest goes.
            drop_oldest() unless $! == EAGAIN || $! == EINTR;
            return;
        }
        nonblocking($socket);
        drop_oldest() if keys %clients >= MAX_CONNECTIONS;
        my ($ip, $port) = address_of($peer);
        my $client = {
            socket => $socket, fd => fileno $socket, ip => $ip, port => $port, at => $listener->{port},
            in => '', out => '', seen => time, handler => $listener->{handler},
        };
        $clients{ $client->{fd} } = $client;
        $client->{handler}->($client, 'open');
        send_rest($client) if length $client->{out} || $client->{closing};
    }
}

sub drop_oldest {
    my ($oldest) = sort { $a->{seen} <=> $b->{seen} } values %clients;
    close_client($oldest) if $oldest;
}

sub close_client {
    my ($client) = @_;
    delete $clients{ $client->{fd} };
    close $client->{socket};
}

sub receive {
    my ($client) = @_;
    my $count = sysread $client->{socket}, $client->{in}, 65536, length $client->{in};
    unless (defined $count) {
        close_client($client) unless $! == EAGAIN || $! == EINTR;
        return;
    }
    $client->{seen} = time;
    if ($count == 0) {
        # What was asked before is still answered.
        $client->{closing} = 1;
        return $client->{waits} ? undef : send_rest($client);
    }
    $client->{handler}->($client, 'data');
    send_rest($client);
}

sub send_rest {
    my ($client) = @_;
    return unless $clients{ $client->{fd} };
    if (length $client->{out}) {
        my $count = syswrite $client->{socket}, $client->{out};
        unless (defined $count) {
            close_client($client) unless $! == EAGAIN || $! == EINTR;
            return;
        }
        substr($client->{out}, 0, $count) = '';
        $client->{seen} = time;
    }
    close_client($client) if $client->{closing} && !length $client->{out} && !$client->{waits};
}

sub answer_datagrams {
    my ($listener) = @_;
    for (1 .. BATCH) {
        my $peer = recv $listener->{socket}, my $datagram, 65536, 0;
        return unless defined $peer;
        my $answer = $listener->{datagram}->($datagram, address_of($peer));
        send $listener->{socket}, $answer, 0, $peer if defined $answer;
    }
}

# ---- servers without HTTP

sub repeat {
    my ($client, $what) = @_;
    return unless $what eq 'data';
    $client->{out} .= $client->{in};
    $client->{in} = '';
}

# Enough for liveness checks and for people with a telnet: what speaks HTTP gets a page, Redis and Postgres the words
# that they wait for, all others what they said.
sub stand_in {
    my ($greeting) = @_;
    my $http = http_connection(http_kind('stand-in'));
    return sub {
        my ($client, $what) = @_;
        if ($what eq 'open') {
            $client->{out} = mysql_greeting() if $greeting eq 'mysql';
            return;
        }
        my $speaks = $client->{speaks} //= dialect($client->{in});
        return $http->($client, $what) if $speaks eq 'http';
        return redis($client) if $speaks eq 'redis';
        return postgres($client) if $speaks eq 'postgres';
        return no_tls($client) if $speaks eq 'tls';
        repeat($client, $what);
    };
}

sub dialect {
    my ($first) = @_;
    return 'http' if $first =~ m{^(?:GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH) /};
    return 'redis' if $first =~ /^(?:\*\d+\r\n|PING\b|INFO\b|QUIT\b)/i;
    return 'tls' if $first =~ /^\x16\x03/;
    return 'postgres' if $first =~ /^\x00\x00..\x00\x03\x00\x00/s || $first =~ /^\x00\x00\x00\x08\x04\xd2\x16\x2f/;
    return 'raw';
}

# Says so at once: a client that waits for its handshake would look as if its packets were dropped.
sub no_tls {
    my ($client) = @_;
    # An alert, fatal: handshake_failure.
    $client->{out} .= "\x15\x03\x01\x00\x02\x02\x28";
    $client->{in} = '';
    $client->{closing} = 1;
}

sub redis {
    my ($client) = @_;
    if (length $client->{in} > MAX_HEAD) { $client->{closing} = 1; $client->{in} = ''; return }
    while ($client->{in} =~ /\A\*(\d{1,3})\r\n/ || $client->{in} =~ /\A[^\r\n*]/) {
        my @words;
        if (defined(my $count = $client->{in} =~ /\A\*(\d{1,3})\r\n/ ? $1 : undef)) {
            my $at = 3 + length $count;
            for (1 .. $count) {
                pos($client->{in}) = $at;
                return unless $client->{in} =~ /\G\$(\d{1,5})\r\n/g;
                $at = pos $client->{in};
                return if length $client->{in} < $at + $1 + 2;
                push @words, substr $client->{in}, $at, $1;
                $at += $1 + 2;
            }
            substr($client->{in}, 0, $at) = '';
        }
        else {
            return unless $client->{in} =~ s/\A([^\n]*?)\r?\n//;
            @words = split ' ', $1;
        }
        my $command = uc($words[0] // '');
        $client->{out} .=
            $command eq 'PING' ? (@words > 1 ? bulk($words[1]) : "+PONG\r\n")
          : $command eq 'ECHO' ? bulk($words[1] // '')
          : $command eq 'INFO' ? bulk("# Server\r\nredis_version:7.4.0\r\nredis_mode:standalone\r\nos:a stand-in of the lab\r\nrole:master\r\n")
          : $command =~ /^(?:QUIT|AUTH|SELECT|CLIENT|SET|HELLO)$/ ? "+OK\r\n"
          : $command eq 'GET' ? "\$-1\r\n"
          : $command eq 'COMMAND' ? "*0\r\n"
          :                      "-ERR unknown command, this is only a stand-in\r\n";
        $client->{closing} = 1 if $command eq 'QUIT';
    }
}

sub bulk { return '$' . length($_[0]) . "\r\n$_[0]\r\n" }

sub postgres {
    my ($client) = @_;
    # No to encryption, yes to whoever it is, and ready.
    if ($client->{in} =~ s/^\x00\x00\x00\x08\x04\xd2\x16\x2f//) { $client->{out} .= 'N' }
    if ($client->{in} =~ /^(\x00\x00..)\x00\x03\x00\x00/s && length $client->{in} >= unpack 'N', $1) {
        $client->{out} .= "R\0\0\0\x08\0\0\0\0S" . pack('N', 22) . "server_version\x0016\0" . "Z\0\0\0\x05I";
        substr($client->{in}, 0, unpack 'N', $1) = '';
        $client->{speaking} = 1;
    }
    if ($client->{speaking} && length $client->{in}) { $client->{closing} = 1 if $client->{in} =~ /^X/; $client->{in} = '' }
    $client->{closing} = 1 if length $client->{in} > MAX_HEAD;
}

sub mysql_greeting {
    my $body = "\x0a8.4.0-stand-in\0" . pack('V', 1) . "abcdefgh\0" . pack('v', 0x8200) . "\x2d" . pack('vv', 2, 8) . "\x15"
      . "\0" x 10 . "ijklmnopqrst\0" . "mysql_native_password\0";
    return substr(pack('V', length $body), 0, 3) . "\0$body";
}

# ---- HTTP

sub text { my ($status, $body, %more) = @_; return { status => $status, type => 'text/plain; charset=utf-8', body => $body, %more } }

sub json { my ($status, $body) = @_; return { status => $status, type => 'application/json', body => $body } }

sub html { my ($status, $body) = @_; return { status => $status, type => 'text/html', body => $body } }

# A handler of connections: `$answer` makes an answer of a request.
sub http_connection {
    my ($answer) = @_;
    return sub {
        my ($client, $what) = @_;
        $client->{idles} = 1;
        return if $what eq 'open';
        return no_tls($client) if $client->{in} =~ /\A\x16\x03/;
        while (!$client->{closing} && !$client->{waits} && length $client->{out} < MAX_PENDING) {
            my $request = next_request($client) or return;
            my $answered = ref $request eq 'HASH' && $request->{bad} ? text($request->{bad}, "$STATUS{$request->{bad}}\n") : $answer->($request);
            $client->{closing} = 1 if $request->{bad} || !$request->{keep};
            if ($answered->{delay}) {
                $client->{waits} = 1;
                after($answered->{delay}, sub {
                    delete $client->{waits};
                    respond($client, $request, $answered);
                    send_rest($client);
                    # What came meanwhile.
                    $client->{handler}->($client, 'data'), send_rest($client) if $clients{ $client->{fd} } && length $client->{in};
                });
                return;
            }
            respond($client, $request, $answered);
        }
    };
}

sub respond {
    my ($client, $request, $answer) = @_;
    my $status = $answer->{status};
    my $body = $answer->{body};
    my $bare = $status < 200 || $status == 204 || $status == 304;
    my @head = (
        sprintf('HTTP/1.1 %d %s', $status, $STATUS{$status} // 'Status'),
        'Server: ' . ($answer->{server} // 'sallyport'),
        'Date: ' . http_date(),
        "Content-Type: $answer->{type}",
    );
    push @head, 'Content-Length: ' . length $body unless $bare;
    push @head, "Location: $answer->{location}" if defined $answer->{location};
    push @head, 'Connection: ' . ($client->{closing} ? 'close' : 'keep-alive');
    $client->{out} .= join("\r\n", @head) . "\r\n\r\n" . ($bare || ($request->{method} // '') eq 'HEAD' ? '' : $body);
    log_access($client, $request, $status, length $body);
}

sub http_date {
    my @t = gmtime;
    return sprintf '%s, %02d %s %d %02d:%02d:%02d GMT', $DAYS[$t[6]], $t[3], $MONTHS[$t[4]], $t[5] + 1900, @t[2, 1, 0];
}

sub log_access {
    my ($client, $request, $status, $length) = @_;
    my @t = gmtime;
    my $time = sprintf '%02d/%s/%d:%02d:%02d:%02d +0000', $t[3], $MONTHS[$t[4]], $t[5] + 1900, @t[2, 1, 0];
    my ($line, $referer, $agent) = map { printable($_ // '-') } $request->{line}, $request->{headers}{referer}, $request->{headers}{'user-agent'};
    print qq($client->{ip} - - [$time] "$line" $status $length "$referer" "$agent" "-"\n);
}

# What a client says must not look like lines of ours.
sub printable {
    my ($text) = @_;
    $text = substr $text, 0, 500;
    $text =~ s/([^\x20-\x7e]|["\\])/sprintf '\\x%02X', ord $1/ge;
    return $text;
}

# The next whole request in what was read, `{ bad => STATUS }`, or nothing yet.
sub next_request {
    my ($client) = @_;
    my $request = $client->{request};
    unless ($request) {
        $client->{in} =~ s/\A(?:\r?\n)+//;
        my ($end, $gap) = $client->{in} =~ /\r?\n\r?\n/ ? ($-[0], $+[0]) : ();
        return length $client->{in} > MAX_HEAD ? { bad => 431 } : undef unless defined $end;
        return { bad => 431 } if $end > MAX_HEAD;
        my ($line, @lines) = split /\r?\n/, substr $client->{in}, 0, $end;
        substr($client->{in}, 0, $gap) = '';
        my ($method, $target, $version) = $line =~ m{^([A-Z]{1,20}) (\S+) HTTP/1\.([01])$} or return { bad => 400, line => $line };
        my (%headers, @fields);
        for my $field (@lines) {
            my ($name, $value) = $field =~ /^([!#-'*+.0-9A-Z^-z|~-]+):[ \t]*(.*?)[ \t]*$/ or return { bad => 400, line => $line };
            $headers{ lc $name } = $value;
            push @fields, [ $name, $value ];
        }
        my ($path, $query) = $target =~ m{^(?:https?://[^/?]*)?([^?#]*)(?:\?([^#]*))?};
        my $connection = lc($headers{connection} // '');
        $request = $client->{request} = {
            line => $line, method => $method, target => $target, path => $path eq '' ? '/' : unescaped($path, 0),
            query => parameters($query // ''), version => "HTTP/1.$version", headers => \%headers, fields => \@fields,
            keep => $version ? $connection ne 'close' : $connection eq 'keep-alive', body => '', client => $client,
        };
        my $length = $headers{'content-length'};
        if (defined $headers{'transfer-encoding'}) {
            return { bad => 501, line => $line } unless lc $headers{'transfer-encoding'} eq 'chunked';
            $request->{chunked} = 1;
        }
        elsif (defined $length) {
            return { bad => 400, line => $line } unless $length =~ /^\d{1,15}$/;
            return { bad => 413, line => $line } if $length > MAX_BODY;
            $request->{length} = $length;
        }
        $client->{out} .= "HTTP/1.1 100 Continue\r\n\r\n" if lc($headers{expect} // '') eq '100-continue';
    }
    if ($request->{chunked}) {
        while (1) {
            my ($size) = $client->{in} =~ /\A([0-9a-fA-F]{1,8})[^\n]{0,200}\n/ or return length $client->{in} > 300 ? { bad => 400 } : undef;
            my $from = $+[0];
            $size = hex $size;
            return { bad => 413 } if $size + length $request->{body} > MAX_BODY;
            return undef if $size == 0 && substr($client->{in}, $from) !~ /\A(?:[^\r\n]+\r?\n)*\r?\n/;
            if ($size == 0) { $client->{in} =~ s/\A[^\n]*\n(?:[^\r\n]+\r?\n)*\r?\n//; last }
            return undef if length $client->{in} < $from + $size + 2;
            $request->{body} .= substr $client->{in}, $from, $size;
            substr($client->{in}, 0, $from + $size) = '';
            $client->{in} =~ s/\A\r?\n// or return { bad => 400 };
        }
    }
    elsif (my $length = $request->{length}) {
        return undef if length $client->{in} < $length;
        $request->{body} = substr $client->{in}, 0, $length;
        substr($client->{in}, 0, $length) = '';
    }
    delete $client->{request};
    return $request;
}

sub unescaped {
    my ($text, $plus) = @_;
    $text =~ tr/+/ / if $plus;
    $text =~ s/%([0-9a-fA-F]{2})/chr hex $1/ge;
    return $text;
}

sub parameters {
    my %parameters;
    for my $pair (split /&/, $_[0], 100) {
        my ($name, $value) = map { unescaped($_, 1) } split /=/, $pair, 2;
        $parameters{$name} //= $value // '' if defined $name;
    }
    return \%parameters;
}

sub quoted {
    my ($text) = @_;
    $text =~ s/([^\x20-\x21\x23-\x5b\x5d-\x7e])/sprintf '\\u%04x', ord $1/ge;
    return qq("$text");
}

sub escaped_html {
    my ($text) = @_;
    my %names = ('&' => '&amp;', '<' => '&lt;', '>' => '&gt;', '"' => '&quot;');
    $text =~ s/([&<>"])/$names{$1}/g;
    return $text;
}

# What the image of a kind answers.
sub http_kind {
    my ($kind, $text) = @_;
    my $special = {
        nginx       => \&page_of_nginx,
        httpd       => sub { root($_[0], "<html><body><h1>It works!</h1></body></html>\n") },
        echo        => sub { json(200, described($_[0]) . "\n") },
        httpbin     => \&httpbin,
        whoami      => sub { whoami($_[0], $text) },
        hello       => sub { text(200, sprintf "Hello, world!\nVersion: %s\nHostname: %s\n", $text // '1.0.0', $hostname) },
        'two-ports' => \&two_ports,
        starwars    => \&starwars,
        multitool   => sub { root($_[0], "A tool box for networks, in pod $hostname ($namespace), reached at port $_[0]{client}{at}\n") },
        'stand-in'  => sub { text(200, "A stand-in of the lab, in pod $hostname of namespace $namespace\n") },
        world       => sub { text(200, "This is the world outside of the cluster; you came from $_[0]{client}{ip}\n") },
        page        => sub { root($_[0], "Hello from pod $hostname of namespace $namespace\n") },
    }->{$kind} // end_with("http-server: no such kind: $kind");
    my $folder = $ROOTS{$kind};
    return sub {
        my ($request) = @_;
        my $answer = (defined $folder ? file_below($folder, $request) : undef) // $special->($request) // common($request)
          // html(404, "<html>\n<head><title>404 Not Found</title></head>\n<body>\n<h1>404 Not Found</h1>\n</body>\n</html>\n");
        $answer->{server} = $SERVER{$kind} if $SERVER{$kind};
        return $answer;
    };
}

sub root {
    my ($request, $page) = @_;
    return undef unless $request->{path} eq '/' || $request->{path} eq '/index.html';
    return $page =~ /^</ ? html(200, $page) : text(200, $page);
}

sub page_of_nginx {
    my ($request) = @_;
    my ($pod, $ns) = map { escaped_html($_) } $hostname, $namespace;
    return root($request, <<"END");
<!DOCTYPE html>
<html>
<head>
<title>Welcome to nginx!</title>
</head>
<body>
<h1>Welcome to nginx!</h1>
<p>This page comes from a small server of the Sallyport lab that stands in for nginx.</p>
<p>It runs in pod <b>$pod</b> of namespace <b>$ns</b>; you reached it from <b>$request->{client}{ip}</b>.</p>
</body>
</html>
END
}

# What somebody mounted or wrote where the real server has its pages.
sub file_below {
    my ($folder, $request) = @_;
    my $path = $request->{path};
    return undef if $path =~ m{(?:^|/)\.\.?(?:/|$)|\0};
    $path .= 'index.html' if $path =~ m{/$};
    my $file = "$folder$path";
    return undef unless -f $file && -s _ <= MAX_FILE && open my $handle, '<:raw', $file;
    local $/;
    my $body = <$handle> // '';
    return $file =~ /\.html?$/ ? html(200, $body) : $file =~ /\.json$/ ? json(200, $body) : text(200, $body);
}

sub common {
    my ($request) = @_;
    my ($path, $client) = @{$request}{qw(path client)};
    return text(200, $hostname) if $path eq '/hostname' || $path eq '/hostName';
    return text(200, with_port($client->{ip}, $client->{port})) if $path eq '/clientip';
    return text(200, "ok\n") if $path =~ m{^/(?:healthz|readyz|livez|health|ready)$};
    if ($path eq '/echo') {
        my $code = ($request->{query}{code} // '') =~ /^([2-5]\d\d)$/ ? $1 : 200;
        return text($code, $request->{query}{msg} // '');
    }
    return undef;
}

sub described {
    my ($request) = @_;
    my $client = $request->{client};
    my $headers = join ',', map { quoted($_->[0]) . ':' . quoted($_->[1]) } @{ $request->{fields} };
    my $query = join ',', map { quoted($_) . ':' . quoted($request->{query}{$_}) } sort keys %{ $request->{query} };
    return sprintf '{"hostname":%s,"namespace":%s,"client":{"ip":%s,"port":%d},"method":%s,"path":%s,"query":{%s},"headers":{%s},"body":%s}',
      quoted($hostname), quoted($namespace), quoted($client->{ip}), $client->{port}, quoted($request->{method}),
      quoted($request->{path}), $query, $headers, quoted($request->{body});
}

sub httpbin {
    my ($request) = @_;
    my $path = $request->{path};
    my $headers = join ',', map { quoted($_->[0]) . ':' . quoted($_->[1]) } @{ $request->{fields} };
    return json(200, qq({"origin":) . quoted($request->{client}{ip}) . "}\n") if $path eq '/ip';
    return json(200, qq({"headers":{$headers}}\n)) if $path eq '/headers';
    return json(200, qq({"user-agent":) . quoted($request->{headers}{'user-agent'} // '') . "}\n") if $path eq '/user-agent';
    return text($1, '') if $path =~ m{^/status/([2-5]\d\d)$};
    return { %{ json(200, described($request) . "\n") }, delay => $1 > MAX_DELAY ? MAX_DELAY : $1 + 0 } if $path =~ m{^/delay/(\d{1,3})$};
    return json(200, described($request) . "\n") if $path =~ m{^/(?:get|post|put|patch|delete|anything(?:/.*)?)?$};
    return undef;
}

sub whoami {
    my ($request, $name) = @_;
    my ($client, $path) = @{$request}{qw(client path)};
    return text(200, '') if $path eq '/health';
    return text(200, '1') if $path eq '/bench';
    my ($own) = address_of(getsockname $client->{socket});
    return json(200, sprintf qq({"hostname":%s,"ip":[%s],"method":%s,"url":%s,"remoteAddr":%s}\n), quoted($hostname), quoted($own),
        quoted($request->{method}), quoted($request->{target}), quoted(with_port($client->{ip}, $client->{port}))) if $path eq '/api';
    my $fields = join '', map { "$_->[0]: $_->[1]\n" } sort { $a->[0] cmp $b->[0] } grep { lc $_->[0] ne 'host' } @{ $request->{fields} };
    return text(200, (defined $name ? "Name: $name\n" : '') . sprintf "Hostname: %s\nIP: %s\nRemoteAddr: %s\n%s %s %s\nHost: %s\n%s\n",
        $hostname, $own, with_port($client->{ip}, $client->{port}), $request->{method}, $request->{target}, $request->{version},
        $request->{headers}{host} // '', $fields);
}

sub two_ports {
    my ($request) = @_;
    return undef unless $request->{path} eq '/' || $request->{path} eq '/metrics';
    return text(200, "Hello from HTTP server\n") if $request->{client}{at} != 5000;
    return text(200, "http.requests=1\ngo.goroutines=5\ngo.cpus=2\n");
}

sub starwars {
    my ($request) = @_;
    my ($method, $path) = @{$request}{qw(method path)};
    return text(200, "Ship landed\n") if $path eq '/v1/request-landing' && $method eq 'POST';
    return text(503, "Panic: deathstar exploded\n") if $path eq '/v1/exhaust-port' && $method eq 'PUT';
    return json(200, qq({"name":"Death Star","hostname":) . quoted($hostname) . "}\n") if $path eq '/v1/' || $path eq '/v1';
    return undef;
}

# ---- agnhost

sub agnhost {
    my ($command, @args) = @_;
    $command //= 'pause';
    my %flags = go_flags(@args);
    return wait_for_end() if $command eq 'pause';
    return connect_once(@args) if $command eq 'connect';
    if ($command eq 'netexec') {
        listen_http(\&netexec, $flags{'http-port'} // 8080);
        for my $port (grep { !/^-/ } split /,/, $flags{'udp-port'} // 8081) { listen_datagram(\&netexec_command, $port) }
        for my $port (grep { !/^-/ } split /,/, $flags{'sctp-port'} // -1) { listen_stream(\&netexec_stream, $port, SCTP) }
    }
    elsif ($command eq 'serve-hostname') {
        my $port = $flags{port} // 9376;
        if (($flags{tcp} // '') eq 'true') {
            listen_stream(sub { my ($client, $what) = @_; @{$client}{qw(out closing)} = ("$hostname\n", 1) if $what eq 'open' }, $port, 0);
        }
        elsif (($flags{http} // 'true') ne 'false') { listen_http(sub { text(200, $hostname) }, $port) }
        listen_datagram(sub { $hostname }, $port) if ($flags{udp} // '') eq 'true';
    }
    elsif ($command eq 'porter') {
        for my $name (sort keys %ENV) {
            my ($kind, $port) = $name =~ /^SERVE_(SCTP_|UDP_)?PORT_(\d{1,5})$/ or next;
            my $answer = $ENV{$name};
            if    (!defined $kind) { listen_http(sub { text(200, $answer) }, $port) }
            elsif ($kind eq 'UDP_') { listen_datagram(sub { $answer }, $port) }
            else { listen_stream(sub { my ($client, $what) = @_; @{$client}{qw(out closing)} = ($answer, 1) if $what eq 'open' }, $port, SCTP) }
        }
    }
    elsif ($command eq 'test-webserver') { listen_http(http_kind('page'), $flags{port} // 80) }
    elsif ($command eq 'guestbook') { listen_http(http_kind('page'), $flags{'http-port'} // 3000) }
    elsif ($command eq 'liveness') {
        # Well for ten seconds, so that restarts can be watched.
        listen_http(sub {
            my $age = time - $begun;
            return text(200, "$age.0s") if $_[0]{path} ne '/healthz';
            return $age > 10 ? text(500, "error: $age.0") : text(200, 'ok');
        }, 8080);
    }
    else { return failed("agnhost: of its commands the lab has: connect, guestbook, liveness, netexec, pause, porter, serve-hostname, test-webserver") }
    return serve();
}

sub netexec {
    my ($request) = @_;
    return text(200, 'NOW: ' . gmtime() . ' UTC') if $request->{path} eq '/';
    return text(200, $request->{headers}{ lc($request->{query}{key} // '') } // '') if $request->{path} eq '/header';
    return common($request) // text(404, "404 page not found\n");
}

sub netexec_command {
    my ($said, $ip, $port) = @_;
    $said =~ s/\s+$//;
    return $hostname if lc $said eq 'hostname';
    return with_port($ip, $port) if lc $said eq 'clientip';
    return $1 if $said =~ /^echo ?(.*)$/si;
    return $said eq '' ? undef : "unknown command: $said";
}

sub netexec_stream {
    my ($client, $what) = @_;
    return unless $what eq 'data';
    my $answer = netexec_command($client->{in}, $client->{ip}, $client->{port});
    @{$client}{qw(in out closing)} = ('', $answer // '', 1);
}

# One connection, told in the words of the real one: nothing, or TIMEOUT, REFUSED, DNS, OTHER, and exit code 1.
sub connect_once {
    my (@args) = @_;
    my ($target) = grep { !/^-/ } @args;
    my %flags = go_flags(grep { !defined $target || $_ ne $target } @args);
    return failed('usage: agnhost connect HOST:PORT [--timeout 5s] [--protocol tcp|udp|sctp] [--udp-payload TEXT]')
      unless defined $target && $target =~ /^\[?(.*?)\]?:(\w[\w-]*)$/s;
    my ($host, $port) = ($1, $2);
    my $protocol = $flags{protocol} || 'tcp';
    my $type = { tcp => SOCK_STREAM, sctp => SOCK_STREAM, udp => SOCK_DGRAM }->{$protocol} or return failed("Unsupported protocol\n$protocol");
    my ($error, @found) = getaddrinfo($host, $port, { socktype => $protocol eq 'sctp' ? SOCK_STREAM : $type });
    return failed("DNS: $error") if $error || !@found;
    my $limit = seconds($flags{timeout} // '') // 0;
    my $outcome = 'OTHER: no address';
    for my $address (@found) {
        my $socket;
        unless (socket $socket, $address->{family}, $type, $protocol eq 'sctp' ? SCTP : 0) { $outcome = "OTHER: $!"; next }
        nonblocking($socket);
        $outcome = attempt($socket, $address->{addr}, $type, $limit > 0 ? $limit : 120, $flags{'udp-payload'} // 'hostname');
        return 0 if $outcome eq '';
        last if $outcome eq 'TIMEOUT';
    }
    return failed($outcome);
}

sub attempt {
    my ($socket, $address, $type, $limit, $payload) = @_;
    my $bits = '';
    vec($bits, fileno $socket, 1) = 1;
    unless (connect $socket, $address) {
        return outcome_of($!) unless $! == EINPROGRESS;
        return 'TIMEOUT' if select(undef, my $writable = $bits, undef, $limit) <= 0;
        my $error = unpack 'i', getsockopt $socket, SOL_SOCKET, SO_ERROR;
        local $! = $error;
        return $error == 0 ? '' : outcome_of($!);
    }
    return '' if $type == SOCK_STREAM;
    defined send $socket, $payload, 0 or return outcome_of($!);
    return 'TIMEOUT' if select(my $readable = $bits, undef, undef, $limit) <= 0;
    return defined recv($socket, my $answer, 65536, 0) ? '' : outcome_of($!);
}

sub outcome_of { return $_[0] == ECONNREFUSED ? 'REFUSED' : "OTHER: $_[0]" }

# As Go writes durations.
sub seconds {
    my ($text) = @_;
    my %units = (ms => 0.001, s => 1, m => 60, h => 3600);
    my $total;
    while ($text =~ /\G(\d+(?:\.\d+)?)(ms|s|m|h)/gc) { $total += $1 * $units{$2} }
    return $total;
}

# `perl servers.pl NAME ...` is NAME.
exit main($0 =~ m{([^/]+)$} && $1 !~ /\.pl$/ ? ($1, @ARGV) : @ARGV) unless caller;
1;
