#!/usr/bin/perl
# curl and wget for machines that have none: plain HTTP, the options that people use against pods, and the messages and
# exit codes that they know (of wget those of busybox). No TLS.
use strict;
use warnings;
use Errno qw(EAGAIN EINTR EINPROGRESS ECONNREFUSED ECONNRESET EPIPE);
use Fcntl qw(F_GETFL F_SETFL O_NONBLOCK);
use Socket qw(:DEFAULT :addrinfo inet_ntop unpack_sockaddr_in6);

use constant { MAX_HEAD => 256 << 10, MAX_REDIRECTS => 50 };

# ---- one connection. What goes wrong is thrown as { code => KIND, text => ..., ... }.

sub failure { my ($kind, %more) = @_; die { kind => $kind, %more } }

# Milliseconds as they are shown; a time of day is good enough for that.
my $clock_call;

sub now {
    unless (defined $clock_call) {
        require Config;
        my $arch = do { no warnings 'once'; $Config::Config{archname} };
        $clock_call = $arch =~ /x86_64/ ? 228 : $arch =~ /aarch64|arm64|riscv64|loongarch/ ? 113 : 0;
    }
    my $time = "\0" x 16;
    return time unless $clock_call && syscall($clock_call, 1, $time) == 0;
    my ($seconds, $nanoseconds) = unpack 'l!l!', $time;
    return $seconds + $nanoseconds / 1e9;
}

sub ready {
    my ($handle, $writes, $deadline) = @_;
    my $bits = '';
    vec($bits, fileno $handle, 1) = 1;
    while (1) {
        my $rest = defined $deadline ? $deadline - now() : undef;
        return 0 if defined $rest && $rest <= 0;
        my ($read, $write) = $writes ? (undef, $bits) : ($bits, undef);
        my $count = select $read, $write, undef, $rest;
        return 1 if $count > 0;
        return 0 if $count == 0;
        next if $! == EINTR;
        return 0;
    }
}

# The resolver of the C library cannot be interrupted, so a child of ours asks it.
sub resolve {
    my ($host, $port, $family, $deadline) = @_;
    my $hints = { socktype => SOCK_STREAM, family => $family };
    if ($host =~ /^[\d.]+$/ || $host =~ /:/) {
        my ($error, @found) = getaddrinfo($host, $port, { %$hints, flags => AI_NUMERICHOST });
        return map { [ $_->{family}, $_->{addr} ] } @found unless $error;
    }
    pipe my $reader, my $writer or failure('resolve');
    my $child = fork // failure('resolve');
    unless ($child) {
        close $reader;
        my ($error, @found) = getaddrinfo($host, $port, $hints);
        syswrite $writer, join '', map { pack 'n/a*', pack('n', $_->{family}) . $_->{addr} } $error ? () : @found;
        require POSIX;
        POSIX::_exit(0);
    }
    close $writer;
    my $answer = '';
    while (1) {
        unless (ready($reader, 0, $deadline)) {
            kill 'KILL', $child;
            waitpid $child, 0;
            failure('timeout', phase => 'resolve');
        }
        last unless sysread $reader, $answer, 65536, length $answer;
    }
    waitpid $child, 0;
    my @found = map { [ unpack 'na*', $_ ] } unpack '(n/a*)*', $answer;
    failure('resolve') unless @found;
    return @found;
}

sub address_text {
    my ($family, $packed) = @_;
    my ($port, $ip) = $family == AF_INET6 ? unpack_sockaddr_in6($packed) : unpack_sockaddr_in($packed);
    return (inet_ntop($family, $ip), $port);
}

# Options: family, deadline, connect_deadline, trying (called with each address).
sub open_connection {
    my ($host, $port, %options) = @_;
    my $deadline = $options{deadline};
    my $limit = $options{connect_deadline};
    $limit = $deadline if defined $deadline && (!defined $limit || $deadline < $limit);
    my @found = resolve($options{at} // $host, $port, $options{family} // AF_UNSPEC, $limit);
    my $resolved = now();
    my $last = {};
    for my $index (0 .. $#found) {
        my ($family, $packed) = @{ $found[$index] };
        my ($ip) = address_text($family, $packed);
        $options{trying}->($ip, $port) if $options{trying};
        socket my $socket, $family, SOCK_STREAM, 0 or next;
        fcntl $socket, F_SETFL, fcntl($socket, F_GETFL, 0) | O_NONBLOCK;
        # An address that does not answer leaves time for the next one.
        my $share = defined $limit && $index < $#found ? now() + ($limit - now()) / 2 : $limit;
        my $error = 0;
        unless (connect $socket, $packed) {
            $error = $! + 0;
            if ($error == EINPROGRESS) {
                if (ready($socket, 1, $share)) { $error = unpack 'i', getsockopt $socket, SOL_SOCKET, SO_ERROR }
                else { $last = { kind => 'timeout', phase => 'connect', ip => $ip }; next }
            }
        }
        return { socket => $socket, ip => $ip, family => $family, resolved => $resolved, connected => now(), in => '' } unless $error;
        local $! = $error;
        $last = { kind => 'connect', ip => $ip, errno => $error, reason => "$!" };
    }
    die { kind => 'connect', reason => 'no address', ip => $host, errno => 0, %$last };
}

sub send_all {
    my ($connection, $data, $deadline) = @_;
    while (length $data) {
        ready($connection->{socket}, 1, $deadline) or failure('timeout', phase => 'transfer');
        my $count = syswrite $connection->{socket}, $data;
        unless (defined $count) {
            next if $! == EAGAIN || $! == EINTR;
            # What was answered before is still to be read.
            return if $! == EPIPE;
            failure('receive', reason => "$!");
        }
        substr($data, 0, $count) = '';
    }
}

# More of the answer; false at its end.
sub read_more {
    my ($connection, $deadline) = @_;
    while (1) {
        ready($connection->{socket}, 0, $deadline) or failure('timeout', phase => 'transfer');
        my $count = sysread $connection->{socket}, $connection->{in}, 65536, length $connection->{in};
        return $count if defined $count;
        failure('receive', reason => "$!") unless $! == EAGAIN || $! == EINTR;
    }
}

# Reads one answer; the body goes to `sink` as it comes.
sub read_answer {
    my ($connection, $method, $deadline, $on_head, $sink) = @_;
    my $head = '';
    until (length $head) {
        my ($end, $next) = $connection->{in} =~ /\n\r?\n/ ? ($-[0] + 1, $+[0]) : ();
        if (defined $end) {
            $head = substr $connection->{in}, 0, $end;
            substr($connection->{in}, 0, $next) = '';
            $head = '' if $head =~ m{^HTTP/1\.[01] 1\d\d};
            next;
        }
        failure('head') if length $connection->{in} > MAX_HEAD || $connection->{in} =~ /\A(?!H(?:T(?:T(?:P(?:\/|\z)|\z)|\z)|\z))./s;
        next if read_more($connection, $deadline);
        failure($connection->{in} eq '' ? 'empty' : 'head');
    }
    my ($status_line, @lines) = split /\r?\n/, $head;
    my ($status) = $status_line =~ m{^HTTP/\d(?:\.\d)? (\d{3})} or failure('head');
    my %headers;
    for (@lines) { $headers{ lc $1 } //= $2 if /^([^:\s]+):[ \t]*(.*?)[ \t]*$/ }
    my $answer = { status => $status, line => $status_line, head => "$head\r\n", headers => \%headers, size => 0 };
    $on_head->($answer);
    return $answer if $method eq 'HEAD' || $status == 204 || $status == 304;
    my $take = sub {
        my ($count) = @_;
        my $part = substr $connection->{in}, 0, $count, '';
        $answer->{size} += length $part;
        $sink->($part);
        return length $part;
    };
    if (lc($headers{'transfer-encoding'} // '') eq 'chunked') {
        while (1) {
            my $size;
            until (defined $size) {
                if ($connection->{in} =~ s/\A\s*([0-9a-fA-F]{1,15})[^\n]{0,300}\n//) { $size = $1 }
                else { read_more($connection, $deadline) or failure('partial') }
            }
            my $rest = hex $size;
            last unless $rest;
            while ($rest > 0) {
                read_more($connection, $deadline) || failure('partial') if $connection->{in} eq '';
                $rest -= $take->($rest);
            }
        }
    }
    elsif (($headers{'content-length'} // '') =~ /^(\d{1,15})$/) {
        my $rest = $1;
        while ($rest > 0) {
            read_more($connection, $deadline) || failure('partial', rest => $rest) if $connection->{in} eq '';
            $rest -= $take->($rest);
        }
    }
    else {
        do { $take->(length $connection->{in}) if length $connection->{in} } while read_more($connection, $deadline);
    }
    return $answer;
}

sub parse_url {
    my ($url) = @_;
    my ($scheme, $rest) = $url =~ m{^([a-z][a-z0-9+.-]*)://(.*)$}is ? (lc $1, $2) : ('http', $url);
    my ($user, $host, $port, $path) = $rest =~ m{^(?:([^/?#@]*)@)?(\[[0-9a-fA-F:.]+\]|[^/?#:]+)(?::(\d*))?([/?][^#]*)?(?:#.*)?$} or return undef;
    return undef if ($port // '') ne '' && $port > 65535;
    $port = { http => 80, https => 443, telnet => 23 }->{$scheme} // 0 if ($port // '') eq '';
    $path = '/' if !defined $path || $path eq '';
    $path = "/$path" if $path =~ /^\?/;
    $path =~ s/([\x00-\x20\x7f-\xff])/sprintf '%%%02X', ord $1/ge;
    (my $bare = $host) =~ s/^\[(.*)\]$/$1/;
    my $shown = $port == 80 && $scheme eq 'http' ? $host : "$host:$port";
    # As busybox shows it: with the port that was given.
    my ($given) = $rest =~ m{^(?:[^/?#@]*@)?([^/?#]+)};
    return { scheme => $scheme, user => $user, host => $bare, given => $given, port => $port, path => $path, header => $shown };
}

sub base64 {
    my $text = pack 'u', $_[0];
    $text =~ s/^.//mg;
    $text =~ s/\n//g;
    $text =~ tr/` -_/AA-Za-z0-9+\//;
    my $rest = length($_[0]) % 3;
    substr($text, $rest - 3) = '=' x (3 - $rest) if $rest;
    return $text;
}

sub contents_of {
    my ($file) = @_;
    my $handle;
    if ($file eq '-') { $handle = \*STDIN }
    else { open $handle, '<:raw', $file or return undef }
    local $/;
    return scalar(<$handle>) // '';
}

# ---- curl

my %CURL_SHORT = (
    s => 'silent', S => 'show-error', f => 'fail', v => 'verbose', I => 'head', i => 'include', L => 'location', k => 'insecure',
    g => 'globoff', N => 'no-buffer', '#' => 'progress-bar', q => 'disable', G => 'get', O => 'remote-name', 4 => 'ipv4', 6 => 'ipv6',
    0 => 'http1.0', j => 'junk-session-cookies', n => 'netrc', Z => 'parallel', V => 'version', h => 'help',
    o => 'output', m => 'max-time', H => 'header', d => 'data', X => 'request', A => 'user-agent', w => 'write-out', u => 'user',
    e => 'referer', b => 'cookie', c => 'cookie-jar', x => 'proxy', T => 'upload-file', E => 'cert', F => 'form', K => 'config', y => 'speed-time', Y => 'speed-limit',
);
my %CURL_TAKES = map { $_ => 1 } qw(output max-time header data data-raw data-binary data-ascii data-urlencode json request user-agent
  write-out user referer cookie cookie-jar proxy upload-file cert form config connect-timeout retry retry-delay retry-max-time resolve
  interface noproxy url max-redirs cacert capath key speed-time speed-limit limit-rate connect-to keepalive-time dns-servers happy-eyeballs-timeout-ms);
my %CURL_REFUSED = map { $_ => 1 } qw(proxy upload-file form config);

sub curl {
    my (@args) = @_;
    my (%options, @urls);
    my %many;
    while (@args) {
        my $arg = shift @args;
        if ($arg =~ /^--(.+)$/) {
            my $name = $1;
            if ($CURL_TAKES{$name}) {
                return curl_usage("option --$name: requires parameter") unless @args;
                push @{ $many{$name} }, shift @args;
            }
            elsif ($name =~ /^no-(.+)$/ && $name ne 'no-buffer') { delete $options{$1} }
            elsif ($name =~ /^(?:fail-with-body|fail-early|retry-connrefused|retry-all-errors|http1\.1|http2|http2-prior-knowledge|compressed|path-as-is|tcp-nodelay|ssl|tlsv1\.[0-3]|raw|location-trusted|styled-output|progress-meter|basic|parallel-immediate|ssl-no-revoke)$/
                || grep { $_ eq $name } values %CURL_SHORT) { $options{$name} = 1 }
            else { return curl_usage("option --$name: is unknown") }
        }
        elsif ($arg =~ /^-(.+)$/s) {
            my $letters = $1;
            while ($letters ne '') {
                my $letter = substr $letters, 0, 1, '';
                my $name = $CURL_SHORT{$letter} // return curl_usage("option -$letter: is unknown");
                if ($CURL_TAKES{$name}) {
                    my $value = $letters ne '' ? $letters : @args ? shift @args : return curl_usage("option -$letter: requires parameter");
                    push @{ $many{$name} }, $value;
                    last;
                }
                $options{$name} = 1;
            }
        }
        else { push @urls, $arg }
    }
    return curl_say("curl 8.0.0 (the lab's own, built in: plain HTTP only)\nProtocols: http telnet\n") if $options{version};
    return curl_say("Usage: curl [options...] <url>\nOf the options the lab's own curl has those for plain HTTP that are used most.\n") if $options{help};
    push @urls, @{ $many{url} // [] };
    return curl_usage("(2) no URL specified") unless @urls;
    for (sort keys %CURL_REFUSED) { return curl_usage("option --$_: the lab's own curl cannot do that") if $many{$_} }
    for my $name (qw(max-time connect-timeout retry-delay)) {
        my $value = $many{$name}[-1] // next;
        return curl_usage("option --$name: expected a proper numerical parameter") unless $value =~ /^\d{1,7}(?:\.\d{0,6})?$/;
        $options{$name} = $value + 0;
    }
    my $code = 0;
    for my $index (0 .. $#urls) {
        my $tries = (($many{retry}[-1] // 0) =~ /^(\d{1,3})$/ ? $1 : 0) + 1;
        while (1) {
            my $again;
            ($code, $again) = curl_url($urls[$index], \%options, \%many, $index);
            last unless $again && --$tries > 0;
            sleep($options{'retry-delay'} || 1);
        }
    }
    return $code;
}

sub curl_say { print $_[0]; return 0 }

sub curl_usage {
    my ($text) = @_;
    print STDERR $text =~ /^\(/ ? "curl: $text\n" : "curl: $text\ncurl: try 'curl --help' for more information\n";
    return 2;
}

# Exit code, and whether it is worth another try.
sub curl_url {
    my ($url, $options, $many, $index) = @_;
    my $begun = now();
    my %figures = (url => $url, http_code => '000', num_redirects => 0, size_download => 0, map { $_ => 0 } qw(time_namelookup time_connect time_starttransfer time_total));
    my $deadline = $options->{'max-time'} ? $begun + $options->{'max-time'} : undef;
    my ($code, $text, $again) = (0, '', 0);
    my $outcome = eval { curl_transfer($url, $options, $many, $index, $deadline, \%figures); 1 };
    $figures{time_total} = now() - $begun;
    unless ($outcome) {
        my $problem = ref $@ eq 'HASH' ? $@ : die $@;
        my $ms = sprintf '%d', $figures{time_total} * 1000;
        my $where = ($figures{host} // $url) . ' port ' . ($figures{port} // 0);
        my $kind = $problem->{kind};
        ($code, $text) =
            $kind eq 'url' ? (3, 'URL using bad/illegal format or missing URL')
          : $kind eq 'scheme' ? (1, qq(Protocol "$problem->{scheme}" not supported or disabled in libcurl))
          : $kind eq 'tls' ? (35, "the lab's own curl has no TLS; install curl on the machine, and pods have it")
          : $kind eq 'resolve' ? (6, "Could not resolve host: $figures{host}")
          : $kind eq 'connect' ? (7, "Failed to connect to $where after $ms ms: " . ($problem->{errno} == ECONNREFUSED ? "Couldn't connect to server" : $problem->{reason}))
          : $kind eq 'timeout' ? (28, $problem->{phase} eq 'resolve' ? "Resolving timed out after $ms milliseconds"
              : $problem->{phase} eq 'connect' ? ($options->{'connect-timeout'} && (!$options->{'max-time'} || $options->{'connect-timeout'} < $options->{'max-time'})
                  ? "Failed to connect to $where after $ms ms: Timeout was reached" : $options->{'max-time'} ? "Connection timed out after $ms milliseconds"
                  : "Failed to connect to $where after $ms ms: Couldn't connect to server")
              : "Operation timed out after $ms milliseconds with $figures{size_download}" . (defined $figures{length} ? " out of $figures{length}" : '') . ' bytes received')
          : $kind eq 'empty' ? (52, 'Empty reply from server')
          : $kind eq 'partial' ? (18, 'transfer closed with ' . (defined $problem->{rest} ? "$problem->{rest} bytes" : 'outstanding read data') . ' remaining' . (defined $problem->{rest} ? ' to read' : ''))
          : $kind eq 'head' ? (1, 'Received HTTP/0.9 when not allowed')
          : $kind eq 'status' ? (22, "The requested URL returned error: $problem->{status}")
          : $kind eq 'redirects' ? (47, "Maximum ($problem->{limit}) redirects followed")
          : $kind eq 'write' ? (23, "Failed writing body: $problem->{reason}")
          : $kind eq 'read' ? (26, "Failed to open $problem->{file}")
          : (56, "Recv failure: $problem->{reason}");
        $again = $kind eq 'timeout' || $kind eq 'resolve' || $kind eq 'connect' && $options->{'retry-connrefused'} || $options->{'retry-all-errors'};
        print STDERR "curl: ($code) $text\n" if !$options->{silent} || $options->{'show-error'};
    }
    $again ||= $figures{http_code} =~ /^(?:408|429|500|502|503|504)$/;
    if (defined(my $format = $many->{'write-out'}[-1])) { print curl_format($format, { %figures, exitcode => $code, errormsg => $text }) }
    return ($code, $again);
}

sub curl_format {
    my ($format, $figures) = @_;
    my %escapes = (n => "\n", r => "\r", t => "\t", '\\' => '\\');
    my %values = (
        %$figures, response_code => $figures->{http_code}, url_effective => $figures->{url}, scheme => 'HTTP', http_version => '1.1',
        num_connects => 1, ssl_verify_result => 0, time_appconnect => 0, time_pretransfer => $figures->{time_connect}, time_redirect => 0,
    );
    $format =~ s/\\([nrt\\])/$escapes{$1}/g;
    my $value = sub {
        my ($name) = @_;
        return '%' unless defined $name;
        return sprintf '%.6f', $values{$name} || 0 if $name =~ /^time_/;
        return $values{$name} // '';
    };
    $format =~ s/%\{(\w+)\}|%%/$value->($1)/ge;
    return $format;
}

sub curl_transfer {
    my ($text, $options, $many, $index, $deadline, $figures) = @_;
    my $begun = now();
    my $verbose = $options->{verbose} ? sub { print STDERR "$_[0]\n" } : sub { };
    my $redirects = 0;
    my $method = $many->{request}[-1];
    my $body = curl_body($options, $many);
    my ($out, $opened);
    while (1) {
        my $url = parse_url($text) or failure('url');
        @{$figures}{qw(host port url)} = (@{$url}{qw(host port)}, $text =~ m{://} ? $text : "http://$text/");
        $figures->{url} =~ s{^(http://[^/?]+)/$}{$1/};
        failure('tls') if $url->{scheme} eq 'https';
        failure('scheme', scheme => $url->{scheme}) unless $url->{scheme} eq 'http' || $url->{scheme} eq 'telnet';
        my ($at) = map { /^\Q$url->{host}\E:$url->{port}:\[?([^\],]+)/i ? $1 : () } @{ $many->{resolve} // [] };
        my $connection = open_connection($url->{host}, $url->{port},
            at => $at, deadline => $deadline, connect_deadline => $options->{'connect-timeout'} ? now() + $options->{'connect-timeout'} : undef,
            family => $options->{ipv4} ? AF_INET : $options->{ipv6} ? AF_INET6 : AF_UNSPEC,
            trying => sub { $verbose->('*   Trying ' . ($_[0] =~ /:/ ? "[$_[0]]" : $_[0]) . ":$_[1]...") });
        @{$figures}{qw(time_namelookup time_connect)} = map { $_ - $begun } @{$connection}{qw(resolved connected)};
        @{$figures}{qw(remote_ip remote_port)} = ($connection->{ip}, $url->{port});
        @{$figures}{qw(local_ip local_port)} = address_text($connection->{family}, getsockname $connection->{socket});
        $verbose->("* Connected to $url->{host} ($connection->{ip}) port $url->{port}");
        return relay($connection, $deadline) if $url->{scheme} eq 'telnet';

        my $path = $url->{path};
        my $sent = $body;
        if ($options->{get} && defined $body) { $path .= ($path =~ /\?/ ? '&' : '?') . $body; undef $sent }
        my $verb = $method // ($options->{head} ? 'HEAD' : defined $sent ? 'POST' : 'GET');
        my @lines = curl_headers($url, $sent, $options, $many);
        my $request = join "\r\n", "$verb $path HTTP/1." . ($options->{'http1.0'} ? 0 : 1), @lines, '', '';
        $verbose->("> $_") for split /\r\n/, $request;
        $verbose->('>');
        send_all($connection, $request . ($sent // ''), $deadline);
        my $answer = read_answer($connection, $options->{head} ? 'HEAD' : $verb, $deadline, sub {
            my ($answer) = @_;
            $figures->{time_starttransfer} = now() - $begun;
            $figures->{http_code} = $answer->{status};
            $figures->{size_download} = 0;
            $figures->{content_type} = $answer->{headers}{'content-type'};
            $figures->{length} = $answer->{headers}{'content-length'};
            $verbose->("< $_") for split /\r?\n/, $answer->{head};
            $verbose->('<');
            failure('status', status => $answer->{status}) if $options->{fail} && $answer->{status} >= 400;
            unless ($opened) {
                $out = curl_output($options, $many, $index, $url);
                $opened = 1;
            }
            write_out($out, $answer->{head}) if $options->{include} || $options->{head};
        }, sub {
            $figures->{size_download} += length $_[0];
            write_out($out, $_[0]) unless $options->{location} && $figures->{http_code} =~ /^30[1278]$/;
        });
        close $connection->{socket};
        my $location = $answer->{headers}{location};
        failure('status', status => $answer->{status}) if $options->{'fail-with-body'} && $answer->{status} >= 400;
        last unless $options->{location} && defined $location && $answer->{status} =~ /^30[12378]$/;
        my $limit = ($many->{'max-redirs'}[-1] // MAX_REDIRECTS) =~ /^(\d{1,4})$/ ? $1 : MAX_REDIRECTS;
        failure('redirects', limit => $limit) if ++$redirects > $limit;
        $figures->{num_redirects} = $redirects;
        if ($answer->{status} =~ /^30[123]$/ && defined $body) { undef $body; undef $method if ($method // '') eq 'POST' }
        $text = $location =~ m{^[a-z][a-z0-9+.-]*://}i ? $location : $location =~ m{^//} ? "$url->{scheme}:$location"
          : "$url->{scheme}://$url->{header}" . ($location =~ m{^/} ? $location : $url->{path} =~ m{^([^?]*/)} ? "$1$location" : "/$location");
    }
    close $out if $out && $out != \*STDOUT;
}

sub curl_body {
    my ($options, $many) = @_;
    my @parts;
    for my $name (qw(data data-ascii data-binary data-raw data-urlencode json)) {
        for my $value (@{ $many->{$name} // [] }) {
            my $part = $value;
            if ($name !~ /^data-(?:raw|urlencode)$/ && $part =~ s/^@//) {
                $part = contents_of($part) // failure('read', file => $part);
                $part =~ s/[\r\n]//g if $name =~ /^data(?:-ascii)?$/;
            }
            if ($name eq 'data-urlencode') {
                my ($key, $rest) = $part =~ /^([^=]*)=(.*)$/s ? ($1, $2) : ('', $part);
                $rest =~ s/([^A-Za-z0-9_.~-])/sprintf '%%%02X', ord $1/ge;
                $part = $key eq '' ? $rest : "$key=$rest";
            }
            push @parts, $part;
        }
    }
    return @parts ? join(($many->{json} ? '' : '&'), @parts) : undef;
}

sub curl_headers {
    my ($url, $body, $options, $many) = @_;
    my @headers = ([ 'Host', $url->{header} ]);
    my $user = $many->{user}[-1] // $url->{user};
    push @headers, [ 'Authorization', 'Basic ' . base64($user) ] if defined $user;
    push @headers, [ 'User-Agent', $many->{'user-agent'}[-1] // 'curl/8.0.0' ], [ 'Accept', '*/*' ];
    push @headers, [ 'Referer', $many->{referer}[-1] ] if $many->{referer};
    push @headers, [ 'Cookie', join '; ', @{ $many->{cookie} } ] if $many->{cookie};
    if (defined $body) {
        push @headers, [ 'Content-Length', length $body ],
          [ 'Content-Type', $many->{json} ? 'application/json' : 'application/x-www-form-urlencoded' ];
    }
    for my $header (@{ $many->{header} // [] }) {
        my ($name, $value) = $header =~ /^([^:;\r\n]+)[:;]\s*([^\r\n]*)/ or next;
        @headers = grep { lc $_->[0] ne lc $name } @headers;
        push @headers, [ $name, $value ] if $value ne '' || $header =~ /;$/;
    }
    return map { "$_->[0]: $_->[1]" } @headers;
}

sub curl_output {
    my ($options, $many, $index, $url) = @_;
    my $file = $many->{output}[$index];
    if (!defined $file && $options->{'remote-name'}) { ($file) = $url->{path} =~ m{([^/?]+)(?:\?.*)?$} or failure('write', reason => 'no file name in the URL') }
    return \*STDOUT if !defined $file || $file eq '-';
    open my $handle, '>:raw', $file or failure('write', reason => "$!");
    return $handle;
}

sub write_out {
    my ($handle, $data) = @_;
    print $handle $data or failure('write', reason => "$!");
}

# As telnet does: the input goes there, what comes from there is shown.
sub relay {
    my ($connection, $deadline) = @_;
    my $socket = $connection->{socket};
    $| = 1;
    my $listens = 1;
    while (1) {
        my $bits = '';
        vec($bits, fileno $socket, 1) = 1;
        vec($bits, 0, 1) = 1 if $listens;
        my $rest = defined $deadline ? $deadline - now() : undef;
        failure('timeout', phase => 'transfer') if defined $rest && $rest <= 0;
        next if select($bits, undef, undef, $rest) <= 0;
        if (vec $bits, fileno $socket, 1) {
            my $count = sysread $socket, my $data, 65536;
            return if defined $count ? $count == 0 : $! != EAGAIN;
            syswrite STDOUT, $data if $count;
        }
        if ($listens && vec $bits, 0, 1) {
            my $count = sysread STDIN, my $data, 65536;
            if ($count) { send_all($connection, $data, $deadline) }
            else { $listens = 0; return if $count == 0 && !defined $deadline && !-t STDIN; }
        }
    }
}

# ---- wget, as busybox has it

sub wget {
    my (@args) = @_;
    my @given = @args;
    my %options = (T => 900, t => 1, headers => []);
    my @urls;
    my %long = (quiet => 'q', 'output-document' => 'O', timeout => 'T', 'connect-timeout' => 'T', 'read-timeout' => 'T', 'dns-timeout' => 'T', tries => 't',
        'server-response' => 'S', 'user-agent' => 'U', 'directory-prefix' => 'P', continue => 'c', spider => 'spider', header => 'header',
        'post-data' => 'post', 'post-file' => 'post-file', 'no-check-certificate' => 'x', 'no-verbose' => 'nv', proxy => 'Y', 'output-file' => 'o');
    my $takes = qr/^(?:[OTtUPYo]|header|post|post-file)$/;
    while (@args) {
        my $arg = shift @args;
        my @found;
        if ($arg =~ /^--([a-z-]+)(?:=(.*))?$/s) {
            my ($option, $value) = ($1, $2);
            my $name = $long{$option} // return wget_usage("unrecognized option '$arg'");
            @found = ([ $name, $name =~ $takes ? $value // shift @args : 1 ]);
        }
        elsif ($arg =~ /^-(.+)$/s) {
            my $letters = $1;
            $letters =~ s/nv// and $options{q} = 1;
            while ($letters ne '') {
                my $letter = substr $letters, 0, 1, '';
                return wget_usage("invalid option -- '$letter'") unless $letter =~ /^[qcSOTtUPYo46k]$/;
                push @found, [ $letter, $letter =~ $takes ? $letters ne '' ? $letters : shift @args : 1 ];
                last if $letter =~ $takes;
            }
        }
        else { push @urls, $arg }
        for (@found) {
            my ($name, $value) = @$_;
            return wget_usage("option requires an argument -- '$name'") unless defined $value;
            $name eq 'header' ? push @{ $options{headers} }, $value : ($options{$name} = $value);
        }
    }
    return wget_usage('missing URL') unless @urls;
    if (grep { m{^https://}i } @urls) {
        # Who has TLS may try: once, as busybox would.
        my ($other) = grep { -x } map { "$_/wget" } qw(/usr/local/bin /usr/bin /bin);
        exec { $other } 'wget', '--tries=1', @given if defined $other;
    }
    return wget_usage("invalid number '$options{$_}'") for grep { $options{$_} !~ /^\d{1,6}(?:\.\d+)?$/ } qw(T t);
    my $code = 0;
    for my $url (@urls) {
        my $tries = $options{t} || 1;
        my $result;
        do { $result = wget_url($url, \%options) } while $result && --$tries > 0;
        $code ||= $result;
    }
    return $code;
}

sub wget_usage { print STDERR "wget: $_[0]\n"; return 1 }

sub wget_url {
    my ($text, $options) = @_;
    my $quiet = $options->{q};
    my $say = sub { print STDERR "$_[0]\n" unless $quiet };
    my $host = '';
    my $done = eval {
        my $redirects = 0;
        while (1) {
            my $url = parse_url($text) or failure('url');
            failure('tls') if $url->{scheme} eq 'https';
            failure('scheme') unless $url->{scheme} eq 'http';
            $host = $url->{given};
            my $limit = sub { $options->{T} > 0 ? now() + $options->{T} : undef };
            my $connection = open_connection($url->{host}, $url->{port}, connect_deadline => $limit->(), family => $options->{4} ? AF_INET : $options->{6} ? AF_INET6 : AF_UNSPEC,
                trying => sub { $say->("Connecting to $host (" . ($_[0] =~ /:/ ? "[$_[0]]" : $_[0]) . ":$_[1])") });
            my $body = $options->{post} // (defined $options->{'post-file'} ? contents_of($options->{'post-file'}) // failure('file', file => $options->{'post-file'}) : undef);
            my @headers = ("Host: $url->{header}", 'User-Agent: ' . ($options->{U} // 'Wget'), 'Connection: close');
            push @headers, 'Content-Type: application/x-www-form-urlencoded', 'Content-Length: ' . length $body if defined $body;
            for my $header (@{ $options->{headers} }) {
                my ($name) = $header =~ /^([^:\r\n]+):[^\r\n]*$/ or next;
                @headers = grep { !/^\Q$name\E:/i } @headers;
                push @headers, $header;
            }
            my $verb = defined $body ? 'POST' : $options->{spider} ? 'HEAD' : 'GET';
            send_all($connection, join("\r\n", "$verb $url->{path} HTTP/1.1", @headers, '', '') . ($body // ''), $limit->());
            my ($out, $file, $location);
            read_answer($connection, $verb, $limit->(), sub {
                my ($answer) = @_;
                print STDERR map { "  $_\n" } split /\r?\n/, $answer->{head} if $options->{S};
                $location = $answer->{headers}{location} if $answer->{status} =~ /^30[12378]$/;
                return if defined $location;
                failure('status', line => $answer->{line}) if $answer->{status} >= 400;
                return if $options->{spider};
                $file = $options->{O} // ($url->{path} =~ m{([^/?]+)(?:\?.*)?$} ? $1 : 'index.html');
                $file = "$options->{P}/$file" if defined $options->{P} && !defined $options->{O};
                if ($file eq '-') { $out = \*STDOUT }
                else {
                    failure('exists', file => $file) if !defined $options->{O} && -e $file;
                    open $out, '>:raw', $file or failure('file', file => $file, reason => "$!");
                    $say->("saving to '$file'");
                }
            }, sub { print $out $_[0] or failure('file', file => $file, reason => "$!") if $out });
            close $connection->{socket};
            unless (defined $location) {
                $say->($options->{spider} ? 'remote file exists' : $file eq '-' ? 'written to stdout' : "'$file' saved");
                close $out if $out && $file ne '-';
                return 1;
            }
            failure('redirects') if ++$redirects > 5;
            $text = $location =~ m{^[a-z]+://}i ? $location : "http://$url->{header}" . ($location =~ m{^/} ? '' : '/') . $location;
        }
    };
    return 0 if $done;
    my $problem = ref $@ eq 'HASH' ? $@ : die $@;
    my $kind = $problem->{kind};
    my $message =
        $kind eq 'url' || $kind eq 'scheme' ? "not an http or ftp url: $text"
      : $kind eq 'tls' ? "note: the lab's own wget has no TLS"
      : $kind eq 'resolve' ? "bad address '$host'"
      : $kind eq 'timeout' && $problem->{phase} eq 'resolve' ? "bad address '$host'"
      : $kind eq 'timeout' ? 'download timed out'
      : $kind eq 'connect' ? "can't connect to remote host ($problem->{ip}): $problem->{reason}"
      : $kind eq 'status' ? "server returned error: $problem->{line}"
      : $kind eq 'exists' ? "can't open '$problem->{file}': File exists"
      : $kind eq 'file' ? "can't open '$problem->{file}': " . ($problem->{reason} // 'no such file')
      : $kind eq 'redirects' ? 'too many redirections'
      : $kind eq 'empty' || $kind eq 'head' ? 'error getting response'
      : $kind eq 'partial' ? 'connection closed prematurely'
      : "error getting response: $problem->{reason}";
    print STDERR "wget: $message\n";
    return 1;
}

sub main {
    my ($name, @args) = @_;
    $SIG{PIPE} = 'IGNORE';
    binmode STDOUT;
    my $code = $name eq 'wget' ? wget(@args) : curl(@args);
    close STDOUT or $code ||= 23;
    return $code;
}

# `perl web-clients.pl curl ...` is curl.
exit main($0 =~ m{([^/]+)$} && $1 !~ /\.pl$/ ? ($1, @ARGV) : @ARGV) unless caller;
1;
