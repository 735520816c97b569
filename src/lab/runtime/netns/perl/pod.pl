# The process that looks after one pod, and the first one in its process namespace: it makes the network, starts the
# containers, keeps what they print, and ends with everything in the pod.
package Pod;
use strict;
use warnings;
use POSIX ();
use IO::Handle ();
use Errno qw(EAGAIN EINTR);

use constant { NEAR_INDEX => 2, SEGMENT_BYTES => 4 << 20, MAX_LINE => 16 << 10 };
use constant { GATEWAYS => { 4 => '169.254.1.1', 6 => 'fe80::1' }, GATEWAY_MAC => "\xee" x 6 };

my @SETTINGS = (
  ['ipv4/ip_unprivileged_port_start', 0], ['ipv4/ping_group_range', '0 0'], ['ipv6/conf/all/accept_dad', 0],
  ['ipv6/conf/default/accept_dad', 0], ['ipv6/conf/default/accept_ra', 0], ['ipv6/conf/default/addr_gen_mode', 1],
  ['ipv4/conf/all/accept_redirects', 0], ['ipv4/conf/default/accept_redirects', 0],
  # "Nobody listens here" is always said: silence is how a policy sounds.
  ['ipv4/icmp_ratemask', 0], ['ipv6/icmp/ratelimit', 0], ['ipv6/icmp/ratemask', 127],
);

my ($wire, %containers, $etc, $hostname);

# Fields: see sandbox-request in the lab's program. State: the folder of the lab.
sub main {
  my ($connection, $fields, $state, $node_namespace, $host_network) = @_;
  $0 = "sallyport-lab: pod $fields->{name}";
  $SIG{$_} = 'IGNORE' for qw(PIPE INT TERM HUP);
  # The lab enters the pod through it. Containers cannot look into it: it has capabilities that they have not.
  Kernel::show_to_others();
  $wire = Wire->new($connection, \&request, sub { POSIX::_exit(0) });
  my $ready = eval {
    Kernel::unshare(Kernel::NEWNS | Kernel::NEWUTS | Kernel::NEWIPC | ($host_network ? 0 : Kernel::NEWNET));
    if ($host_network) { Kernel::set_namespace($node_namespace, Kernel::NEWNET) }
    else { make_network($fields, $node_namespace) }
    close $node_namespace;
    $hostname = $fields->{hostname};
    Kernel::set_hostname($hostname);
    $etc = [hosts => $fields->{hosts}, 'resolv.conf' => $fields->{resolver}, hostname => "$hostname\n"];
    Root::enter_pod($state, "$state/logs/$fields->{id}");
    1;
  };
  if (!$ready) {
    chomp(my $why = $@);
    $wire->send($fields->{request}, 'error', 'failed', $why);
    $wire->flush_blocking;
    POSIX::_exit(1);
  }
  Loop::watch_children();
  $wire->send($fields->{request}, 'ok');
  Loop::run();
}

sub make_network {
  my ($fields, $node_namespace) = @_;
  my $own = Kernel::open_namespace('/proc/self/ns/net');
  Kernel::set_namespace($node_namespace, Kernel::NEWNET);
  my $node_side = Links::open_socket();
  Kernel::set_namespace($own, Kernel::NEWNET);
  my $pod_side = Links::open_socket();
  for my $setting (@SETTINGS) {
    open(my $file, '>', "/proc/sys/net/$setting->[0]") or next;
    syswrite($file, $setting->[1]);
    close $file;
  }
  my $device = $fields->{device};
  my $mac = pack('n N', 0x0200, $device);
  my @addresses = @{ $fields->{addresses} };
  my %sources = map { (index($_, ':') < 0 ? 4 : 6) => $_ } @{ $fields->{sources} };
  my %families = map { (index($_, ':') < 0 ? 4 : 6) => 1 } @addresses;
  Links::apply($pod_side,
    Links::link_up(1),
    Links::add_pair({ index => NEAR_INDEX, name => 'eth0', mac => $mac },
      { index => $device, name => "pod$device", mac => GATEWAY_MAC }, $node_namespace),
    (map { Links::add_address(NEAR_INDEX, $_) } @addresses),
    (map { Links::add_neighbour(NEAR_INDEX, GATEWAYS->{$_}, GATEWAY_MAC) } sort keys %families),
    (map { Links::add_default_route(NEAR_INDEX, GATEWAYS->{$_}) } sort keys %families));
  Links::apply($node_side, Links::link_up($device),
    map {
      my $address = $_;
      my $source = $sources{ index($address, ':') < 0 ? 4 : 6 };
      (Links::add_host_route($device, $address, $source), Links::add_neighbour($device, $address, $mac))
    } @addresses);
}

my %REQUESTS = (start => \&start, kill => \&kill_container, exec => \&exec_in, input => \&take_input,
  size => \&resize, dial => \&dial);

sub request {
  my ($number, $what, @rest) = @_;
  my $handler = $REQUESTS{$what};
  return $wire->send($number, 'error', 'failed', "unknown request $what") unless $handler;
  return if eval { $handler->($number, @rest); 1 };
  chomp(my $why = $@);
  $wire->send($number, 'error', 'failed', $why);
}

sub list { return [unpack('(N/a*)*', $_[0])] }

sub start {
  my ($number, $id, $argv, $env, $folder, $flags, $folders, $files) = @_;
  my %flags = map { $_ => 1 } split /,/, $flags;
  my $container = { id => $id, env => list($env), folder => $folder, segment => 0, size => 0, tty => $flags{tty} };
  ($argv, $folders, $files) = map { list($_) } $argv, $folders, $files;
  my (@child, %read);
  if ($flags{tty}) {
    ($container->{master}, my $slave) = Session::open_terminal();
    open(my $out, '<&', $container->{master}) or die "dup: $!\n";
    @child = ($slave) x 3;
    %read = (stdout => $out);
    $container->{input} = $container->{master};
  } else {
    my ($in_read, $in_write);
    if ($flags{stdin}) { ($in_read, $container->{input}) = Session::pipe_pair() }
    else { open($in_read, '<', '/dev/null') or die "/dev/null: $!\n" }
    my ($out_read, $out_write) = Session::pipe_pair();
    my ($error_read, $error_write) = Session::pipe_pair();
    @child = ($in_read, $out_write, $error_write);
    %read = (stdout => $out_read, stderr => $error_read);
  }
  mkdir "/logs/$id", 0700;
  open_segment($container) unless $flags{outside};
  my ($why_read, $why_write) = Session::pipe_pair();
  my $tty = $flags{tty};
  my $placeholder = $flags{outside};
  my $pid = in_new_mounts($container, sub {
    drop_handles();
    Session::take_stdio(@child, $tty);
    my ($code, $why) = eval {
      Root::enter_container($etc, @$folders, map { $files->[3 * $_] } 0 .. @$files / 3 - 1);
      Root::write_files($folders, $files);
      if ($placeholder) {
        Kernel::drop_privileges();
        $0 = 'sallyport-lab: outside';
        close $why_write;
        select(undef, undef, undef, 3600) while 1;
      }
      Root::start_program($argv, [@{ $container->{env} }], $folder);
    };
    if ($@) { ($code, $why) = (128, $@); chomp $why }
    syswrite($why_write, "$code $why");
    POSIX::_exit($code);
  });
  $container->{pid} = $pid;
  close $_ for @child[0, 1, 2], $why_write;
  my ($why, $status) = ('', undef);
  my $both = sub {
    return unless defined $status && $container->{told};
    ended($container, $status);
  };
  Loop::on_read($why_read, sub {
    return if sysread($why_read, $why, 4096, length $why);
    Loop::off_read($why_read);
    close $why_read;
    if ($why =~ /\A(\d+) (.*)\z/s) {
      $container->{failed} = 1;
      $wire->send($number, 'error', $1 == 128 ? 'failed' : 'no-program', $2);
    } else {
      $containers{$id} = $container;
      $wire->send($number, 'ok');
    }
    $container->{told} = 1;
    $both->();
  });
  Loop::on_child_end($pid, sub { $status = $_[0]; $both->() });
  for my $stream (keys %read) {
    my $handle = $read{$stream};
    $handle->blocking(0);
    $container->{open}{$stream} = $handle;
    $container->{rest}{$stream} = '';
    Loop::on_read($handle, sub { take_output($container, $stream) });
  }
  $container->{input}->blocking(0) if $container->{input};
}

# A child in a mount namespace of its own, which others can enter as long as it lives.
sub in_new_mounts {
  my ($container, $body) = @_;
  my $own = Kernel::open_namespace('/proc/self/ns/mnt');
  Kernel::unshare(Kernel::NEWNS);
  my $pid = eval {
    $container->{mounts} = Kernel::open_namespace('/proc/self/ns/mnt');
    $container->{namespace} = readlink '/proc/self/ns/mnt';
    Loop::fork_off($body);
  };
  my $why = $@;
  Kernel::set_namespace($own, Kernel::NEWNS);
  die $why unless defined $pid;
  return $pid;
}

# @returns whether there may be more
sub take_output {
  my ($container, $stream) = @_;
  my $handle = $container->{open}{$stream};
  my $count = sysread($handle, my $data, 1 << 16);
  return if !defined $count && ($! == EAGAIN || $! == EINTR);
  if (!$count) {
    Loop::off_read($handle);
    close $handle;
    delete $container->{open}{$stream};
    return;
  }
  keep($container, $stream, $data);
  return 1;
}

# Lines as containers' logs have them: time, stream, F for a whole line or P for a part of one.
sub keep {
  my ($container, $stream, $data) = @_;
  my $time = Kernel::time_stamp();
  my $text = '';
  while ($data =~ /\G([^\n]{1,@{[MAX_LINE]}})(\n?)|\G\n/g) {
    $text .= !defined $1 ? "$time $stream F \n" : "$time $stream " . ($2 eq '' ? 'P' : 'F') . " $1\n";
  }
  open_segment($container, $container->{segment} + 1) if $container->{size} + length $text > SEGMENT_BYTES;
  $container->{size} += length $text;
  syswrite($container->{log}, $text);
}

# The last two are kept.
sub open_segment {
  my ($container, $number) = @_;
  $number //= 0;
  unlink "/logs/$container->{id}/" . ($number - 2) if $number > 1;
  open($container->{log}, '>>', "/logs/$container->{id}/$number") or die "log: $!\n";
  $container->{segment} = $number;
  $container->{size} = 0;
}

# All that it has left behind goes with it.
sub ended {
  my ($container, $status) = @_;
  sweep($container);
  for my $stream (keys %{ $container->{open} }) {
    1 while take_output($container, $stream);
    my $handle = delete $container->{open}{$stream} or next;
    Loop::off_read($handle);
    close $handle;
  }
  close_input($container);
  close $container->{mounts};
  close $container->{log} if $container->{log};
  delete $containers{ $container->{id} };
  return if $container->{failed};
  my $signal = $status & 127;
  $wire->send(0, 'exit', $container->{id}, $signal ? 128 + $signal : $status >> 8, $signal);
}

# Processes in the mount namespace of the container, which only its own are in, and those that it has started.
sub sweep {
  my ($container) = @_;
  my $namespace = $container->{namespace} or return;
  for my $round (1 .. 100) {
    my $found = 0;
    opendir(my $folder, '/proc') or return;
    for my $pid (grep { /\A\d+\z/ } readdir $folder) {
      # Of a process that hides it there is still the session.
      my $where = readlink("/proc/$pid/ns/mnt");
      next if defined $where ? $where ne $namespace : Session::session_of($pid) != $container->{pid};
      $found++;
      kill 'KILL', $pid;
    }
    return unless $found;
    select(undef, undef, undef, 0.002);
  }
}

sub kill_container {
  my ($number, $id, $signal) = @_;
  my $container = $containers{$id};
  kill 0 + $signal, $container->{pid} if $container;
  $wire->send($number, 'ok');
}

sub exec_in {
  my ($number, $id, $token, $argv, $flags) = @_;
  my $container = $containers{$id} or return $wire->send($number, 'error', 'not-running', 'the container does not run');
  my %flags = map { $_ => 1 } split /,/, $flags;
  my %env = @{ $container->{env} };
  $env{TERM} //= 'xterm' if $flags{tty};
  my %session = (token => $token, mounts => $container->{mounts}, argv => list($argv), env => [%env],
    folder => $container->{folder}, terminal => $flags{tty}, input => $flags{stdin});
  Loop::fork_off(sub { drop_handles($container); Session::run_program(\%session) });
  $wire->send($number, 'ok');
}

sub dial {
  my ($number, $token, $port, $timeout_s, @addresses) = @_;
  Loop::fork_off(sub { drop_handles(); Session::dial('/io/sock', $token, $port, $timeout_s, @addresses) });
  $wire->send($number, 'ok');
}

# In a child: nothing of the pod's stays open.
sub drop_handles {
  my ($kept) = @_;
  close $wire->{handle};
  for my $container (values %containers) {
    close $_ for grep { defined } values %{ $container->{open} }, @$container{qw(log input master)};
    close $container->{mounts} unless $container == ($kept // 0);
  }
  %containers = ();
}

# Whoever attaches gives the container its input, the last one wins.
sub take_input {
  my ($number, $id, $token) = @_;
  my $container = $containers{$id} or return $wire->send($number, 'error', 'not-running', 'the container does not run');
  my $io = Session::call_back('/io/sock', $token, 'io');
  my $input = $container->{input};
  if (!$input) {
    close $io;
  } else {
    my $before = delete $container->{giver};
    $before->finish if $before;
    my $pipe;
    $pipe = Pipe->new($io, $input, sub {
      # Who has only gone away does not listen any more either; who listens has said all there is to say.
      my $said_all = defined syswrite($io, '.');
      close $io;
      my $current = ($container->{giver} // 0) == $pipe;
      undef $pipe;
      return unless $current;
      delete $container->{giver};
      return unless $said_all;
      $container->{tty} ? syswrite($input, "\004") : close_input($container);
    });
    $container->{giver} = $pipe;
  }
  $wire->send($number, 'ok');
}

sub close_input {
  my ($container) = @_;
  my $giver = delete $container->{giver};
  $giver->finish if $giver;
  my $input = delete $container->{input} or return;
  Loop::off_write($input);
  close $input;
  delete $container->{master};
}

sub resize {
  my ($number, $id, $columns, $rows) = @_;
  my $container = $containers{$id};
  Session::set_size($container->{master}, 0 + $columns, 0 + $rows) if $container && $container->{master};
  $wire->send($number, 'ok');
}

1;
