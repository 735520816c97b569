#!/usr/bin/perl
# nslookup, dig and host for machines that have none. They ask the name servers of /etc/resolv.conf, or the one they are
# told, over UDP and, when an answer is too long for that, TCP.
use strict;
use warnings;
use Errno qw(EINTR EAGAIN EINPROGRESS ECONNREFUSED);
use Fcntl qw(F_GETFL F_SETFL O_NONBLOCK);
use Socket qw(:DEFAULT :addrinfo inet_ntop inet_pton pack_sockaddr_in6);

my %TYPES = (A => 1, NS => 2, CNAME => 5, SOA => 6, PTR => 12, MX => 15, TXT => 16, AAAA => 28, SRV => 33, OPT => 41, ANY => 255);
my %TYPE_NAMES = reverse %TYPES;
my %CODES = (0 => 'NOERROR', 1 => 'FORMERR', 2 => 'SERVFAIL', 3 => 'NXDOMAIN', 4 => 'NOTIMP', 5 => 'REFUSED');

# ---- asking

sub configuration {
    my %found = (servers => [], search => [], ndots => 1);
    if (open my $file, '<', '/etc/resolv.conf') {
        while (<$file>) {
            push @{ $found{servers} }, $1 if /^nameserver\s+(\S+)/;
            $found{search} = [ split ' ', $1 ] if /^(?:search|domain)\s+(.*)/;
            $found{ndots} = $1 if /^options\b.*\bndots:(\d{1,2})/;
        }
    }
    push @{ $found{servers} }, '127.0.0.1' unless @{ $found{servers} };
    return \%found;
}

sub now { return time }

sub ready {
    my ($socket, $writes, $end) = @_;
    while (1) {
        my $rest = $end - now();
        return 0 if $rest <= 0;
        my $bits = '';
        vec($bits, fileno $socket, 1) = 1;
        my ($read, $write) = $writes ? (undef, $bits) : ($bits, undef);
        my $count = select $read, $write, undef, $rest;
        return 1 if $count > 0;
        return 0 if $count == 0;
    }
}

sub encoded_name {
    my ($name) = @_;
    my @labels = split /\./, $name =~ s/\.$//r, -1;
    @labels = () if $name eq '.' || $name eq '';
    for (@labels) { return undef if $_ eq '' || length > 63 }
    my $wire = join '', map({ chr(length) . $_ } @labels), "\0";
    return length $wire > 255 ? undef : $wire;
}

# Names may point back, but only so often.
sub decoded_name {
    my ($message, $at) = @_;
    my ($name, $next, $jumps) = ('', undef, 0);
    while (1) {
        return ('', length $message) if $at >= length $message;
        my $length = ord substr $message, $at, 1;
        if ($length >= 0xc0) {
            return ('', length $message) if ++$jumps > 20 || $at + 1 >= length $message;
            $next //= $at + 2;
            $at = unpack('n', substr $message, $at, 2) & 0x3fff;
            next;
        }
        $at++;
        last if $length == 0;
        my $label = substr $message, $at, $length;
        $label =~ s/([^!-~]|[.\\])/sprintf '\\%03d', ord $1/ge;
        $name .= "$label.";
        $at += $length;
    }
    return ($name eq '' ? '.' : $name, $next // $at);
}

# { code, aa, tc, ra, question, sections => [[{name,type,ttl,text}]...] }, or nothing for what is no answer to `id`.
sub decoded {
    my ($message, $id) = @_;
    return undef if length $message < 12;
    my ($its, $flags, $questions, @counts) = unpack 'n6', $message;
    return undef unless $its == $id && $flags & 0x8000;
    my $at = 12;
    for (1 .. $questions) { (undef, $at) = decoded_name($message, $at); $at += 4 }
    my @sections;
    for my $count (@counts) {
        my @records;
        for (1 .. $count) {
            (my $name, $at) = decoded_name($message, $at);
            last if $at + 10 > length $message;
            my ($type, $class, $ttl, $length) = unpack 'nnNn', substr $message, $at, 10;
            $at += 10;
            push @records, { name => $name, type => $type, class => $class, ttl => $ttl, text => shown($message, $at, $type, $length) };
            $at += $length;
        }
        push @sections, \@records;
    }
    return { id => $id, flags => $flags, code => $flags & 15, aa => $flags & 0x400, tc => $flags & 0x200, sections => \@sections, size => length $message };
}

sub shown {
    my ($message, $at, $type, $length) = @_;
    my $data = $at + $length <= length $message ? substr $message, $at, $length : '';
    my $kind = $TYPE_NAMES{$type} // '';
    return inet_ntop(AF_INET, $data) if $kind eq 'A' && $length == 4;
    return inet_ntop(AF_INET6, $data) if $kind eq 'AAAA' && $length == 16;
    return (decoded_name($message, $at))[0] if $kind =~ /^(?:CNAME|NS|PTR)$/;
    if ($kind eq 'SRV' && $length > 6) { return join ' ', unpack('n3', $data), (decoded_name($message, $at + 6))[0] }
    if ($kind eq 'MX' && $length > 2) { return join ' ', unpack('n', $data), (decoded_name($message, $at + 2))[0] }
    if ($kind eq 'SOA') {
        my ($server, $next) = decoded_name($message, $at);
        my ($mailbox, $end) = decoded_name($message, $next);
        return join ' ', $server, $mailbox, $end + 20 <= length $message ? unpack('N5', substr $message, $end, 20) : ();
    }
    if ($kind eq 'TXT') { return join ' ', map { my $text = $_; $text =~ s/(["\\])/\\$1/g; $text =~ s/([^ -~])/sprintf '\\%03d', ord $1/ge; qq("$text") } unpack '(C/a*)*', $data }
    return '\\# ' . $length . ' ' . unpack 'H*', $data;
}

# What a server answers; a text when it does not.
sub ask {
    my ($server, $port, $name, $type, $seconds, $tcp) = @_;
    my ($error, $found) = getaddrinfo($server, $port, { socktype => SOCK_DGRAM });
    return "couldn't get address for '$server': $error" if $error;
    my $wire = encoded_name($name) // return "'$name' is not a legal name";
    my $id = int rand 65536;
    my $query = pack('n6', $id, 0x100, 1, 0, 0, 0) . $wire . pack 'nn', $type, 1;
    my $end = now() + $seconds;
    socket my $socket, $found->{family}, $tcp ? SOCK_STREAM : SOCK_DGRAM, 0 or return "$!";
    fcntl $socket, F_SETFL, fcntl($socket, F_GETFL, 0) | O_NONBLOCK;
    unless (connect $socket, $found->{addr}) {
        return "$!" unless $! == EINPROGRESS;
        return 'timed out' unless ready($socket, 1, $end);
        local $! = unpack 'i', getsockopt $socket, SOL_SOCKET, SO_ERROR;
        return $! == ECONNREFUSED ? 'connection refused' : "$!" if $!;
    }
    defined syswrite $socket, $tcp ? pack('n', length $query) . $query : $query or return $! == ECONNREFUSED ? 'connection refused' : "$!";
    my $in = '';
    while (1) {
        return 'timed out' unless ready($socket, 0, $end);
        my $count = sysread $socket, $in, 65537, $tcp ? length $in : 0;
        unless (defined $count) { next if $! == EAGAIN || $! == EINTR; return $! == ECONNREFUSED ? 'connection refused' : "$!" }
        if ($tcp) {
            return 'end of file' if $count == 0;
            next if length $in < 2 || length $in < 2 + unpack 'n', $in;
            return decoded(substr($in, 2, unpack 'n', $in), $id) // 'malformed answer';
        }
        my $answer = decoded($in, $id) // next;
        return $answer->{tc} ? ask($server, $port, $name, $type, $seconds, 1) : $answer;
    }
}

# The first server that answers: (answer, server), or (why not, the last one).
sub ask_any {
    my ($options, $name, $type) = @_;
    my ($answer, $last) = ('no servers', '');
    for (1 .. $options->{tries}) {
        for my $server (@{ $options->{servers} }) {
            $last = $server;
            $answer = ask($server, $options->{port}, $name, $type, $options->{seconds}, $options->{tcp});
            return ($answer, $server) if ref $answer;
        }
    }
    return ($answer, $last);
}

# The names that a resolver would ask for, one after the other.
sub candidates {
    my ($name, $configuration) = @_;
    return ($name) if $name =~ /\.$/;
    my @searched = map { "$name." . s/\.$//r } @{ $configuration->{search} };
    my $dots = $name =~ tr/././;
    return $dots >= $configuration->{ndots} ? ($name, @searched) : (@searched, $name);
}

sub reversed {
    my ($text) = @_;
    if ($text =~ /^\d{1,3}(?:\.\d{1,3}){3}$/) { return join('.', reverse split /\./, $text) . '.in-addr.arpa' }
    return undef unless $text =~ /:/;
    my $packed = inet_pton(AF_INET6, $text) // return undef;
    return join('.', reverse split //, unpack 'H*', $packed) . '.ip6.arpa';
}

# Through the search path, for several types at once: the answers for the first name that is there, or the last failure.
sub search {
    my ($options, $names, @types) = @_;
    my ($last, $server) = ('no servers', '');
    for my $name (@$names) {
        my @answers;
        for my $type (@types) {
            my ($answer, $from) = ask_any($options, $name, $type);
            $server = $from;
            return ($answer, $from, $name) unless ref $answer;
            $last = $answer;
            push @answers, $answer;
        }
        my $there = grep { $_->{code} == 0 } @answers;
        my $full = grep { @{ $_->{sections}[0] } } @answers;
        return ([ @answers ], $server, $name) if $there && ($full || $name eq $names->[-1]);
    }
    return ([$last], $server, $names->[-1]);
}

# ---- nslookup

sub nslookup {
    my (@args) = @_;
    my $configuration = configuration();
    my %options = (servers => $configuration->{servers}, port => 53, seconds => 5, tries => 2);
    my ($types, @words);
    for (@args) {
        if    (/^-(?:type|query|querytype|q|ty)=(\w+)$/i) { $types = [ $TYPES{ uc $1 } // return unknown_type('nslookup', $1) ] }
        elsif (/^-(?:timeout|ti)=(\d{1,4})$/) { $options{seconds} = $1 || 1 }
        elsif (/^-(?:retry|ret)=(\d{1,3})$/) { $options{tries} = $1 || 1 }
        elsif (/^-port=(\d{1,5})$/) { $options{port} = $1 }
        elsif (/^-vc$/) { $options{tcp} = 1 }
        elsif (/^-(?:nosearch|nosea)$/) { $configuration->{search} = [] }
        elsif (/^-./) { }
        else { push @words, $_ }
    }
    my ($name, $server) = @words;
    unless (defined $name) { print STDERR "usage: nslookup [-type=TYPE] [-timeout=SECONDS] NAME [SERVER]\n"; return 1 }
    $options{servers} = [$server] if defined $server;
    my $reversed = reversed($name);
    my ($answers, $from, $found) = defined $reversed ? search(\%options, [$reversed], $TYPES{PTR})
      : search(\%options, [ candidates($name, $configuration) ], $types ? @$types : @TYPES{qw(A AAAA)});
    unless (ref $answers) {
        print ";; communications error to $from#$options{port}: $answers\n" if $answers ne 'timed out';
        print ";; connection timed out; no servers could be reached\n\n";
        return 1;
    }
    print "Server:\t\t$from\nAddress:\t$from#$options{port}\n\n";
    my @records = map { @{ $_->{sections}[0] } } @$answers;
    my ($code) = map { $_->{code} } @$answers;
    if (!@records) {
        print $code == 0 ? "*** Can't find $name: No answer\n\n" : "** server can't find $found: " . ($CODES{$code} // $code) . "\n\n";
        return 1;
    }
    print "Non-authoritative answer:\n" unless $answers->[0]{aa};
    my %seen;
    for my $record (grep { !$seen{"$_->{type} $_->{name} $_->{text}"}++ } @records) {
        my ($owner, $kind) = ($record->{name} =~ s/\.$//r, $TYPE_NAMES{ $record->{type} } // '');
        if ($kind =~ /^A(?:AAA)?$/) { print "Name:\t$owner\nAddress: $record->{text}\n" }
        else {
            my %labels = (CNAME => 'canonical name', PTR => 'name', NS => 'nameserver', SRV => 'service', TXT => 'text', MX => 'mail exchanger');
            print $owner, $kind eq 'SOA' ? "\n\torigin = $record->{text}\n" : "\t" . ($labels{$kind} // $kind) . " = $record->{text}\n";
        }
    }
    print "\n";
    return 0;
}

sub unknown_type { print STDERR "$_[0]: unknown query type: $_[1]\n"; return 1 }

# ---- host

sub host {
    my (@args) = @_;
    my $configuration = configuration();
    my %options = (servers => $configuration->{servers}, port => 53, seconds => 5, tries => 2);
    my ($types, @words);
    while (@args) {
        my $arg = shift @args;
        if    ($arg eq '-t' && @args) { my $type = shift @args; $types = [ $TYPES{ uc $type } // return unknown_type('host', $type) ] }
        elsif ($arg eq '-W' && @args) { $options{seconds} = shift(@args) =~ /^(\d{1,4})$/ && $1 ? $1 : 5 }
        elsif ($arg eq '-R' && @args) { $options{tries} = shift(@args) =~ /^(\d{1,3})$/ && $1 ? $1 : 1 }
        elsif ($arg eq '-T') { $options{tcp} = 1 }
        elsif ($arg =~ /^-./) { }
        else { push @words, $arg }
    }
    my ($name, $server) = @words;
    unless (defined $name) { print STDERR "usage: host [-t TYPE] [-W SECONDS] NAME [SERVER]\n"; return 1 }
    $options{servers} = [$server] if defined $server;
    my $reversed = reversed($name);
    my ($answers, undef, $found) = defined $reversed ? search(\%options, [$reversed], $TYPES{PTR})
      : search(\%options, [ candidates($name, $configuration) ], $types ? @$types : @TYPES{qw(A AAAA)});
    unless (ref $answers) { print ";; connection timed out; no servers could be reached\n"; return 1 }
    my @records = map { @{ $_->{sections}[0] } } @$answers;
    my $code = $answers->[0]{code};
    unless (@records) {
        print $code == 0 ? "$found has no A record\n" : "Host $name not found: $code(" . ($CODES{$code} // '') . ")\n";
        return 1;
    }
    my %seen;
    my %labels = (A => 'has address', AAAA => 'has IPv6 address', CNAME => 'is an alias for', PTR => 'domain name pointer', SRV => 'has SRV record',
        NS => 'name server', TXT => 'descriptive text', SOA => 'has SOA record', MX => 'mail is handled by');
    for my $record (grep { !$seen{"$_->{type} $_->{name} $_->{text}"}++ } @records) {
        print $record->{name} =~ s/\.$//r, ' ', $labels{ $TYPE_NAMES{ $record->{type} } // '' } // "has type $record->{type}", " $record->{text}\n";
    }
    return 0;
}

# ---- dig

sub dig {
    my (@args) = @_;
    my $configuration = configuration();
    my %options = (servers => $configuration->{servers}, port => 53, seconds => 5, tries => 3);
    my %show = map { $_ => 1 } qw(comments question answer authority additional stats cmd);
    my (@words, $short, $searches, $type, $reverse);
    while (@args) {
        my $arg = shift @args;
        if    ($arg =~ /^@(.+)/) { $options{servers} = [$1] }
        elsif ($arg eq '-x' && @args) { $reverse = shift @args }
        elsif ($arg eq '-t' && @args) { my $name = uc shift @args; $type = $TYPES{$name} // return unknown_type('dig', $name) }
        elsif ($arg eq '-p' && @args) { $options{port} = shift(@args) =~ /^(\d{1,5})$/ ? $1 : 53 }
        elsif ($arg =~ /^\+(no)?(\w+)(?:=(\d+))?$/) {
            my ($no, $name, $value) = ($1, $2, $3);
            if    ($name eq 'short') { $short = !$no }
            elsif ($name =~ /^sea/) { $searches = !$no }
            elsif ($name =~ /^(?:tcp|vc)$/) { $options{tcp} = !$no }
            elsif ($name =~ /^(?:time|timeout)$/) { $options{seconds} = $value || 1 }
            elsif ($name =~ /^(?:tries)$/) { $options{tries} = $value || 1 }
            elsif ($name eq 'retry') { $options{tries} = ($value // 2) + 1 }
            elsif ($name eq 'all') { %show = map { $_ => !$no } keys %show }
            else { $show{$name} = !$no }
        }
        elsif ($arg =~ /^-[46qkybcfmuvrhi]/) { shift @args if $arg =~ /^-[qkybcf]$/ && @args && ($arg ne '-q' || push @words, $args[0]) }
        elsif (uc $arg eq 'IN') { }
        elsif (!defined $type && defined $TYPES{ uc $arg }) { $type = $TYPES{ uc $arg } }
        else { push @words, $arg }
    }
    my $name = defined $reverse ? reversed($reverse) // $reverse : $words[0] // '.';
    $type //= defined $reverse ? $TYPES{PTR} : @words ? $TYPES{A} : $TYPES{NS};
    my $begun = now();
    my ($answers, $from, $found) = search(\%options, $searches ? [ candidates($name, $configuration) ] : [$name], $type);
    unless (ref $answers) {
        print "\n; <<>> DiG (built into the lab) <<>> $name\n" if $show{cmd} && !$short;
        print ";; communications error to $from#$options{port}: $answers\n;; no servers could be reached\n";
        return 9;
    }
    my ($answer) = @$answers;
    my ($results, $authorities, $additionals) = @{ $answer->{sections} };
    if ($short) { print "$_->{text}\n" for @$results; return 0 }
    my $asked = $found =~ /\.$/ ? $found : "$found.";
    print "\n; <<>> DiG (built into the lab) <<>> $name\n;; global options: +cmd\n" if $show{cmd};
    if ($show{comments}) {
        my %flags = (0x8000 => 'qr', 0x400 => 'aa', 0x200 => 'tc', 0x100 => 'rd', 0x80 => 'ra');
        my $flags = join ' ', map { $answer->{flags} & $_ ? $flags{$_} : () } sort { $b <=> $a } keys %flags;
        printf ";; Got answer:\n;; ->>HEADER<<- opcode: QUERY, status: %s, id: %d\n;; flags: %s; QUERY: 1, ANSWER: %d, AUTHORITY: %d, ADDITIONAL: %d\n\n",
          $CODES{ $answer->{code} } // $answer->{code}, $answer->{id}, $flags, map { scalar @$_ } $results, $authorities, $additionals;
    }
    print ";; QUESTION SECTION:\n;$asked\t\tIN\t$TYPE_NAMES{$type}\n\n" if $show{question};
    for (['answer', 'ANSWER', $results], ['authority', 'AUTHORITY', $authorities], ['additional', 'ADDITIONAL', $additionals]) {
        my ($which, $title, $records) = @$_;
        next unless $show{$which} && @$records;
        print ";; $title SECTION:\n" if $show{comments};
        print join("\t", $_->{name}, $_->{ttl}, 'IN', $TYPE_NAMES{ $_->{type} } // "TYPE$_->{type}", $_->{text}), "\n" for @$records;
        print "\n" if $show{comments};
    }
    printf ";; Query time: %d msec\n;; SERVER: %s#%d(%s)\n;; MSG SIZE  rcvd: %d\n\n", (now() - $begun) * 1000, $from, $options{port}, $from, $answer->{size} if $show{stats};
    return 0;
}

sub main {
    my ($name, @args) = @_;
    $| = 1;
    return $name eq 'dig' ? dig(@args) : $name eq 'host' ? host(@args) : nslookup(@args);
}

# `perl name-clients.pl dig ...` is dig.
exit main($0 =~ m{([^/]+)$} && $1 !~ /\.pl$/ ? ($1, @ARGV) : @ARGV) unless caller;
1;
