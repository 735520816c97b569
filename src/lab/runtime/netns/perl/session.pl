# What somebody talks to: a program in a running container, or a connection. A process each, that carries bytes between it
# and the lab's program, which it calls back, and ends with the conversation.
package Session;
use strict;
use warnings;
use POSIX ();
use Socket ();
use IO::Handle ();

use constant { TIOCSWINSZ => 0x5414, TIOCSCTTY => 0x540E, TIOCSPTLCK => 0x40045431, TIOCGPTN => 0x80045430 };
# How long the first size of a terminal is waited for, and the output of a program that has ended.
use constant { FIRST_SIZE_S => 0.1, LAST_OUTPUT_S => 0.25 };

# The lab's program knows by the token who calls.
sub call_back {
  my ($path, $token, $channel) = @_;
  socket(my $socket, Socket::AF_UNIX(), Socket::SOCK_STREAM(), 0) or die "socket: $!\n";
  connect($socket, Socket::pack_sockaddr_un($path)) or die "$path: $!\n";
  syswrite($socket, "$token $channel\n");
  return $socket;
}

# The two ends of a new terminal; the devices are those of the pod.
sub open_terminal {
  open(my $master, '+<', '/dev/pts/ptmx') or die "/dev/pts/ptmx: $!\n";
  my $value = pack('i', 0);
  ioctl($master, TIOCSPTLCK, $value) or die "unlock terminal: $!\n";
  ioctl($master, TIOCGPTN, $value) or die "name of terminal: $!\n";
  my $number = unpack('i', $value);
  # 0400: not yet the controlling one.
  sysopen(my $slave, "/dev/pts/$number", 2 | 0400) or die "/dev/pts/$number: $!\n";
  return ($master, $slave);
}

sub set_size {
  my ($terminal, $columns, $rows) = @_;
  my $size = pack('S4', $rows, $columns, 0, 0);
  ioctl($terminal, TIOCSWINSZ, $size);
}

# In the child, before the program: these become 0, 1 and 2, and nothing else stays open.
sub take_stdio {
  my ($in, $out, $error, $terminal) = @_;
  POSIX::setsid();
  ioctl($in, TIOCSCTTY, 0) if $terminal;
  # Away from the numbers that are about to be taken.
  my @fds = map { my $fd = fileno $_; $fd > 2 ? $fd : POSIX::dup($fd) } $in, $out, $error;
  POSIX::dup2($fds[$_], $_) for 0 .. 2;
}

sub pipe_pair {
  pipe(my $read, my $write) or die "pipe: $!\n";
  return ($read, $write);
}

# Runs a program in the namespaces of another process. Fields: see exec-request in the lab's program.
sub run_program {
  my ($fields) = @_;
  my ($token, $mounts, $argv, $env, $folder, $terminal, $with_input) = @$fields{qw(token mounts argv env folder terminal input)};
  $0 = 'sallyport-lab: session';
  Kernel::hide_from_others();
  $SIG{PIPE} = 'IGNORE';
  my ($io, $error_io, $control_io) = map { call_back('/io/sock', $token, $_) } qw(io error control);
  my @size;
  my ($started, $master, $pid, $input, $ended, $sizes_timer);
  my $open_outputs = 0;
  my $exit_message;
  my $control;
  my $finish = sub {
    return unless defined $exit_message;
    shutdown($_, 1) for $io, $error_io;
    $control->send(@$exit_message);
    $control->flush_blocking;
    Loop::end();
  };
  my $output_ended = sub {
    my ($to) = @_;
    shutdown($to, 1);
    $finish->() if !--$open_outputs && defined $exit_message;
  };
  my $start = sub {
    return if $started++;
    Loop::forget($sizes_timer) if defined $sizes_timer;
    my (@child, @mine);
    if ($terminal) {
      ($master, my $slave) = open_terminal();
      set_size($master, @size) if @size;
      @child = ($slave) x 3;
    } else {
      my ($in_read, $in_write) = $with_input ? pipe_pair() : ();
      open($in_read, '<', '/dev/null') or die "/dev/null: $!\n" unless $with_input;
      my ($out_read, $out_write) = pipe_pair();
      my ($error_read, $error_write) = pipe_pair();
      @child = ($in_read, $out_write, $error_write);
      @mine = ($in_write, $out_read, $error_read);
    }
    my ($why_read, $why_write) = pipe_pair();
    $pid = Loop::fork_off(sub {
      take_stdio(@child, $terminal);
      Kernel::set_namespace($mounts, Kernel::NEWNS);
      my ($code, $why) = Root::start_program($argv, $env, $folder);
      syswrite($why_write, "$code $why");
      POSIX::_exit($code);
    });
    close $_ for @child[0, 1, 2], $why_write;
    my $why = '';
    Loop::on_read($why_read, sub {
      return if sysread($why_read, $why, 4096, length $why);
      Loop::off_read($why_read);
    });
    Loop::on_child_end($pid, sub {
      my ($status) = @_;
      sysread($why_read, $why, 4096, length $why) if $why eq '';
      $exit_message = $why =~ /\A(\d+) (.*)\z/s
        ? ['error', $1, $2]
        : ['exit', $status & 127 ? 128 + ($status & 127) : $status >> 8];
      undef $pid;
      return $finish->() unless $open_outputs;
      # What still holds the output was left behind by the program.
      my $waits;
      $waits = sub { $finish->() };
      Loop::after(LAST_OUTPUT_S, $waits);
    });
    if ($terminal) {
      open(my $out, '<&', $master) or die "dup: $!\n";
      $open_outputs = 1;
      Pipe->new($out, $io, sub { $output_ended->($io) });
      shutdown($error_io, 1);
      $input = Pipe->new($io, $master, sub { syswrite($master, "\004") });
    } else {
      $open_outputs = 2;
      Pipe->new($mine[1], $io, sub { close $mine[1]; $output_ended->($io) });
      Pipe->new($mine[2], $error_io, sub { close $mine[2]; $output_ended->($error_io) });
      $input = Pipe->new($io, $mine[0], sub { close $mine[0] }) if $with_input;
    }
  };
  my $stop = sub {
    kill_session($pid) if defined $pid;
    POSIX::_exit(0);
  };
  $control = Wire->new($control_io, sub {
    my ($what, @rest) = @_;
    return unless $what eq 'size' && $terminal;
    @size = map { 0 + $_ } @rest[0, 1];
    $master ? set_size($master, @size) : $start->();
  }, $stop);
  if ($terminal) { $sizes_timer = Loop::after(FIRST_SIZE_S, $start) }
  else { $start->() }
  Loop::run();
}

# Of the program with this id all that has stayed in its session.
sub kill_session {
  my ($leader) = @_;
  kill 'KILL', -$leader, $leader;
  opendir(my $folder, '/proc') or return;
  for my $pid (grep { /\A\d+\z/ } readdir $folder) {
    kill 'KILL', $pid if session_of($pid) == $leader;
  }
}

sub session_of {
  my ($pid) = @_;
  open(my $file, '<', "/proc/$pid/stat") or return 0;
  my $line = <$file> // '';
  $line =~ s/\A.*\) //s;
  my ($state, $parent, $group, $session) = split ' ', $line;
  return $state eq 'Z' ? 0 : $session // 0;
}

# A TCP connection from where this process is.
sub dial {
  my ($path, $token, $port, $timeout_s, @addresses) = @_;
  $0 = 'sallyport-lab: connection';
  Kernel::hide_from_others();
  $SIG{PIPE} = 'IGNORE';
  my $io = call_back($path, $token, 'io');
  my ($connection, $why);
  for my $address (@addresses) {
    my ($family, $bytes) = Links::parse($address);
    my $target = $family == Socket::AF_INET() ? Socket::pack_sockaddr_in($port, $bytes)
      : Socket::pack_sockaddr_in6($port, $bytes);
    socket(my $try, $family, Socket::SOCK_STREAM(), 0) or next;
    $try->blocking(0);
    if (!connect($try, $target)) {
      if (!$!{EINPROGRESS}) { $why = "refused $!"; next }
      my $writable = '';
      vec($writable, fileno $try, 1) = 1;
      if (select(undef, $writable, undef, $timeout_s) < 1) { $why = 'timeout'; next }
      my $error = unpack('i', getsockopt($try, Socket::SOL_SOCKET(), Socket::SO_ERROR()));
      if ($error) { $! = $error; $why = "refused $!"; next }
    }
    $connection = $try;
    last;
  }
  if (!$connection) {
    syswrite($io, '-' . ($why // 'refused'));
    return;
  }
  syswrite($io, '+');
  my $open = 2;
  my $ended = sub { my ($to) = @_; shutdown($to, 1); Loop::end() unless --$open };
  open(my $io_out, '>&', $io) or die "dup: $!\n";
  open(my $connection_out, '>&', $connection) or die "dup: $!\n";
  Pipe->new($io, $connection_out, sub { $ended->($connection_out) });
  Pipe->new($connection, $io_out, sub { $ended->($io_out) });
  Loop::run();
}

1;
