# The first process of a lab: makes the namespaces that everything lives in, starts the lab's program in them, forks what
# it asks for, and takes everything along when it, the launcher or the program ends.
#
#   perl init.pl --mode user|root --folder FOLDER --life FD [--pass FD,FD] -- PROGRAM ARGUMENT...
#   perl init.pl --probe user|root
#
# FOLDER is removed in the end, with the files in it. LIFE is the read end of something that ends with the launcher.
use strict;
use warnings;
use POSIX ();
use Socket ();
use IO::Handle ();
use Errno ();

BEGIN {
  (my $here = __FILE__) =~ s{[^/]*\z}{};
  $here = "./$here" unless $here =~ m{\A/};
  require "$here$_.pl" for qw(kernel links loop root session pod);
}

my %options;
while (@ARGV && $ARGV[0] =~ /\A--(\w+)\z/) {
  shift @ARGV;
  $options{$1} = shift @ARGV;
}
shift @ARGV if @ARGV && $ARGV[0] eq '--';

if (!Kernel::machine_is_known()) { fail('this needs an x86_64 or aarch64 machine, not ' . (POSIX::uname())[4]) }

sub fail { print STDERR "sallyport lab: $_[0]\n"; POSIX::_exit(70) }

# Afterwards only the first child of this process is in the new process namespace.
sub make_namespaces {
  my ($mode) = @_;
  my ($user, $group) = ($>, $) + 0);
  my $kinds = Kernel::NEWNET | Kernel::NEWNS | Kernel::NEWPID | Kernel::NEWUTS | Kernel::NEWIPC;
  Kernel::unshare($mode eq 'user' ? $kinds | Kernel::NEWUSER : $kinds);
  if ($mode eq 'user') {
    Kernel::write_file('/proc/self/setgroups', 'deny');
    Kernel::write_file('/proc/self/uid_map', "0 $user 1");
    Kernel::write_file('/proc/self/gid_map', "0 $group 1");
  }
  Kernel::mount('none', '/', '', Kernel::MS_REC | Kernel::MS_PRIVATE);
}

# Outside of the process namespace: waits for the inner one, and cleans up behind it.
sub outer {
  my $folder = $options{folder};
  open(my $life, '<&=', $options{life}) or fail("no life line: $!");
  fcntl($life, 2, 1);
  # What the launcher has left open, perhaps unknowingly, is nobody's business here.
  my %known = map { $_ => 1 } 0 .. 2, $options{life}, handed_down();
  POSIX::close($_) for grep { !$known{$_} } entries('/proc/self/fd');
  my $made = eval { make_namespaces($options{mode}); 1 };
  fail("cannot make the namespaces: $@") unless $made;
  pipe(my $outer_lives, my $outer_life) or fail("pipe: $!");
  Loop::watch_children();
  my $pid = Loop::fork_off(sub { close $outer_life; inner($folder, $life, $outer_lives) });
  close $outer_lives;
  $0 = 'sallyport-lab: outer';
  $SIG{$_} = 'IGNORE' for qw(INT HUP PIPE);
  # What the launcher gave the lab's program is not held open here.
  POSIX::close($_) for handed_down();
  my $status = 0;
  Loop::on_child_end($pid, sub { $status = $_[0]; Loop::end() });
  my $stop = sub { kill 'KILL', $pid };
  Loop::on_read($life, sub { Loop::off_read($life); Loop::after(2, $stop) unless sysread($life, my $ignored, 512) });
  $SIG{TERM} = $stop;
  Loop::run();
  remove_folder($folder);
  return $status & 127 ? 128 + ($status & 127) : $status >> 8;
}

sub handed_down {
  my @fds = split /,/, $options{pass} // '';
  push @fds, $ENV{NODE_CHANNEL_FD} if defined $ENV{NODE_CHANNEL_FD};
  return map { 0 + $_ } @fds;
}

# Files only: the lab makes no folders there but one that others are mounted on.
sub remove_folder {
  my ($folder) = @_;
  return unless defined $folder;
  Kernel::call('umount2', "$folder/ns", 2);
  for my $path (map { "$folder/$_" } entries($folder)) { !-l $path && -d _ ? rmdir $path : unlink $path }
  rmdir $folder;
}

my ($state, $program, %pods, %nodes, $own_processes);

sub inner {
  my ($folder, $life, $outer_lives) = @_;
  $0 = 'sallyport-lab: init';
  # Whatever the launcher's terminal says is for the launcher.
  $SIG{$_} = 'IGNORE' for qw(INT HUP TERM PIPE);
  Kernel::hide_from_others();
  Kernel::raise_file_limit();
  Kernel::leave_keyring();
  Kernel::mount('proc', '/proc', 'proc', Kernel::MS_NOSUID | Kernel::MS_NODEV | Kernel::MS_NOEXEC);
  # Pods have no use for namespaces of their own; this counts for this user namespace only.
  if ($options{mode} eq 'user') { eval { Kernel::write_file('/proc/sys/user/max_user_namespaces', '0') } }
  $state = "$folder/ns";
  mkdir $state, 0700;
  Kernel::mount('tmpfs', $state, 'tmpfs', Kernel::MS_NOSUID, 'mode=0700');
  mkdir "$state/$_", 0700 or die "$state/$_: $!\n" for qw(net pod logs io);
  $own_processes = Kernel::open_namespace('/proc/self/ns/pid');
  socketpair(my $mine, my $theirs, Socket::AF_UNIX(), Socket::SOCK_STREAM(), 0) or die "socketpair: $!\n";
  Loop::watch_children();
  my $pid = Loop::fork_off(sub {
    close $mine;
    Kernel::keep_over_exec($theirs);
    $ENV{SALLYPORT_LAB_INIT} = fileno($theirs) . ":$state";
    Kernel::reset_signals();
    exec { $ARGV[0] } @ARGV;
    die "$ARGV[0]: $!\n";
  });
  close $theirs;
  POSIX::close($_) for handed_down();
  my $finish = sub {
    my ($code) = @_;
    kill 'KILL', -1;
    remove_folder($folder);
    POSIX::_exit($code);
  };
  Loop::on_child_end($pid, sub { my ($status) = @_; $finish->($status & 127 ? 128 + ($status & 127) : $status >> 8) });
  for my $handle ($life, $outer_lives) {
    Loop::on_read($handle, sub { $finish->(1) unless sysread($handle, my $ignored, 512) });
  }
  # It has closed the connection because it has ended, most likely, and then its exit code is known in a moment.
  $program = Wire->new($mine, \&request, sub { Loop::after(1, sub { $finish->(1) }) });
  $pods{''} = [$life, $outer_lives, $mine];
  Loop::run();
}

my %REQUESTS = (template => \&make_template, network => \&make_network_namespace, sandbox => \&make_sandbox, pod => \&pass_on,
  remove => \&remove_sandbox, forget => \&forget_log, dial => \&dial_from_node);

sub request {
  my ($number, $what, @rest) = @_;
  my $handler = $REQUESTS{$what};
  return $program->send($number, 'error', 'failed', "unknown request $what") unless $handler;
  return if eval { $handler->($number, @rest); 1 };
  chomp(my $why = $@);
  $program->send($number, 'error', 'failed', $why);
}

sub make_template {
  my ($number, @programs) = @_;
  Root::make_template("$state/template", @programs);
  $program->send($number, 'ok');
  my %names;
  while (my ($name, $path) = splice @programs, 0, 2) { push @{ $names{$path} }, $name }
  Root::compile($_, @{ $names{$_} }) for grep { m{/(?:servers|sallyport-probe)\.pl\z} } sort keys %names;
}

# Without a process in it: a mount holds it. Settings: name below /proc/sys/net and value.
sub make_network_namespace {
  my ($number, $name, @settings) = @_;
  my $own = Kernel::open_namespace('/proc/self/ns/net');
  # The namespace that all begins with is there already.
  Kernel::unshare(Kernel::NEWNET) if $name ne '';
  my $made = eval {
    write_settings(@settings);
    if ($name ne '') {
      my $file = "$state/net/$name";
      Root::touch($file);
      Kernel::bind_mount('/proc/self/ns/net', $file);
      $nodes{$name} = Kernel::open_namespace($file);
    }
    1;
  };
  my $why = $@;
  Kernel::set_namespace($own, Kernel::NEWNET);
  die $why unless $made;
  $program->send($number, 'ok');
}

# One that begins with a dash may be missing.
sub write_settings {
  while (my ($name, $value) = splice @_, 0, 2) {
    my $optional = $name =~ s/\A-//;
    my $written = eval { Kernel::write_file("/proc/sys/net/$name", $value); 1 };
    die "setting net/$name: $@" unless $written || $optional;
  }
}

sub make_sandbox {
  my ($number, $id, $name, $node, $hostname, $device, $addresses, $sources, $resolver, $hosts, $host_network) = @_;
  my $node_namespace = $nodes{$node} or die "no node $node\n";
  mkdir "$state/logs/$id", 0700;
  socketpair(my $mine, my $theirs, Socket::AF_UNIX(), Socket::SOCK_STREAM(), 0) or die "socketpair: $!\n";
  my %fields = (request => $number, id => $id, name => $name, hostname => $hostname, device => 0 + $device,
    addresses => Pod::list($addresses), sources => Pod::list($sources), resolver => $resolver, hosts => $hosts);
  Kernel::unshare(Kernel::NEWPID);
  my $pid = eval {
    Loop::fork_off(sub {
      close $mine;
      leave_all($node_namespace);
      Pod::main($theirs, \%fields, $state, $node_namespace, $host_network);
    });
  };
  my $why = $@;
  # The next child is one of ours again.
  Kernel::set_namespace($own_processes, Kernel::NEWPID);
  die $why unless defined $pid;
  close $theirs;
  my $pod = $pods{$id} = { pid => $pid, handles => [$mine], node => $node, device => $device,
    addresses => $host_network ? [] : $fields{addresses}, waiting => { $number => 1 } };
  $pod->{wire} = Wire->new($mine, sub {
    my ($answered, @rest) = @_;
    delete $pod->{waiting}{$answered};
    push @rest, $pid if $answered eq $number;
    $program->send($answered, @rest);
  }, sub { });
  Loop::on_child_end($pid, sub { pod_ended($id) });
}

# In a fork: nothing that speaks for the lab stays open.
sub leave_all {
  my ($kept) = @_;
  for my $pod (values %pods) { close $_ for ref $pod eq 'ARRAY' ? @$pod : @{ $pod->{handles} } }
  for my $name (keys %nodes) { close $nodes{$name} if $nodes{$name} != $kept }
  close $own_processes;
  %pods = ();
  %nodes = ();
}

sub pass_on {
  my ($number, $id, @rest) = @_;
  my $pod = $id eq '' ? undef : $pods{$id};
  return $program->send($number, 'error', 'not-found', "no sandbox $id") unless $pod;
  $pod->{waiting}{$number} = 1;
  $pod->{wire}->send($number, @rest);
}

sub remove_sandbox {
  my ($number, $id) = @_;
  my $pod = $id eq '' ? undef : $pods{$id};
  return $program->send($number, 'ok') unless $pod;
  push @{ $pod->{removals} }, $number;
  kill 'KILL', $pod->{pid};
}

# The logs of a pod stay until those of its containers are gone.
sub forget_log {
  my ($number, $id, $container) = @_;
  die "no id\n" if grep { !/\A[A-Za-z0-9-]+\z/ } $id, $container;
  my $folder = "$state/logs/$id";
  unlink map { "$folder/$container/$_" } entries("$folder/$container");
  rmdir "$folder/$container";
  rmdir $folder unless $pods{$id};
  $program->send($number, 'ok');
}

sub entries {
  my ($folder) = @_;
  opendir(my $handle, $folder) or return;
  return grep { $_ ne '.' && $_ ne '..' } readdir $handle;
}

# With its first process everything in it has ended.
sub pod_ended {
  my ($id) = @_;
  my $pod = delete $pods{$id};
  # What it said last is still on its way.
  for (1 .. 1000) { last if $pod->{wire}{gone}; $pod->{wire}->take }
  $pod->{wire}->close;
  free_addresses($pod) if @{ $pod->{addresses} };
  # Unless a log is left in it.
  rmdir "$state/logs/$id";
  $program->send($_, 'error', 'not-running', 'the pod has ended') for sort keys %{ $pod->{waiting} };
  $program->send(0, 'gone', $id);
  $program->send($_, 'ok') for @{ $pod->{removals} // [] };
}

# The kernel takes the links away some time later; their addresses are free at once.
sub free_addresses {
  my ($pod) = @_;
  my $socket = node_socket($pod->{node});
  for my $address (@{ $pod->{addresses} }) {
    eval { Links::apply($socket, Links::delete_host_route(0 + $pod->{device}, $address)) };
  }
}

my %node_sockets;

sub node_socket {
  my ($node) = @_;
  return $node_sockets{$node} //= do {
    my $own = Kernel::open_namespace('/proc/self/ns/net');
    Kernel::set_namespace($nodes{$node}, Kernel::NEWNET);
    my $socket = eval { Links::open_socket() };
    Kernel::set_namespace($own, Kernel::NEWNET);
    $socket;
  };
}

sub dial_from_node {
  my ($number, $node, $token, $port, $timeout_s, @addresses) = @_;
  my $node_namespace = $nodes{$node} or die "no node $node\n";
  Loop::fork_off(sub {
    leave_all($node_namespace);
    Kernel::set_namespace($node_namespace, Kernel::NEWNET);
    Session::dial("$state/io/sock", $token, 0 + $port, 0 + $timeout_s, @addresses);
  });
  $program->send($number, 'ok');
}

# Tries all that a lab needs, in namespaces that are gone at once. Prints a line for each thing that does not work.
sub probe {
  my ($mode) = @_;
  my @steps = (
    ['process', sub { Kernel::mount('proc', '/proc', 'proc', 0) }],
    ['files', sub { Kernel::mount('tmpfs', '/proc/tty', 'tmpfs', 0) }],
    ['link', sub {
      my $own = Kernel::open_namespace('/proc/self/ns/net');
      Links::apply(Links::open_socket(), Links::add_pair({ index => 2, name => 'eth0', mac => "\2\0\0\0\0\1" },
        { index => 3, name => 'far0', mac => "\2\0\0\0\0\2" }, $own));
    }],
    ['nft', sub {
      my $rules = "add table inet probe\n"
        . "add chain inet probe a { type nat hook prerouting priority dstnat ; }\n"
        . "add chain inet probe b { type filter hook prerouting priority raw ; }\n"
        . "add rule inet probe b fib saddr . iif oif missing drop\n"
        . "add rule inet probe a meta l4proto tcp redirect to :1\n";
      open(my $nft, '-|', 'sh', '-c', "printf '%s' \"\$1\" | nft -f - 2>&1", 'sh', $rules) or die "nft: $!\n";
      my @said = <$nft>;
      close $nft or die 'nft: ' . ($said[0] // "exit code $?") . "\n";
    }],
  );
  my $made = eval { make_namespaces($mode); 1 };
  if (!$made) { print "namespaces: $@"; return 1 }
  my $pid = Loop::fork_off(sub {
    my $failed = 0;
    for my $step (@steps) {
      next if eval { $step->[1]->(); 1 };
      $failed = 1;
      chomp(my $why = $@);
      syswrite(STDOUT, "$step->[0]: $why\n");
    }
    POSIX::_exit($failed);
  });
  waitpid $pid, 0;
  return $? >> 8;
}

exit(defined $options{probe} ? probe($options{probe}) : outer());
