# What perl has no words for: system calls by number, and what they are used for here.
package Kernel;
use strict;
use warnings;
use POSIX ();

my %TABLES = (
  x86_64 => {
    mount => 165, umount2 => 166, pivot_root => 155, sethostname => 170, prctl => 157, capset => 126, signalfd4 => 289,
    unshare => 272, setns => 308, clock_gettime => 228, statfs => 137, prlimit64 => 302, keyctl => 250,
  },
  aarch64 => {
    mount => 40, umount2 => 39, pivot_root => 41, sethostname => 161, prctl => 167, capset => 91, signalfd4 => 74,
    unshare => 97, setns => 268, clock_gettime => 113, statfs => 43, prlimit64 => 261, keyctl => 219,
  },
);

use constant {
  NEWNS => 0x20000, NEWUTS => 0x4000000, NEWIPC => 0x8000000, NEWUSER => 0x10000000, NEWPID => 0x20000000,
  NEWNET => 0x40000000,
  MS_RDONLY => 1, MS_NOSUID => 2, MS_NODEV => 4, MS_NOEXEC => 8, MS_REMOUNT => 32, MS_BIND => 4096, MS_REC => 16384,
  MS_PRIVATE => 1 << 18,
};

my $numbers = $TABLES{ (POSIX::uname())[4] };

sub machine_is_known { return defined $numbers }

# The kernel may write into what is given, so nothing is copied.
sub call {
  my $name = shift;
  my $result = syscall($numbers->{$name}, @_);
  return $result == -1 ? undef : $result;
}

sub must {
  my ($what, $result) = @_;
  die "$what: $!\n" unless defined $result;
  return $result;
}

sub unshare { must('unshare', call('unshare', 0 + $_[0])) }

sub set_namespace {
  my ($handle, $kind) = @_;
  must('setns', call('setns', fileno($handle), 0 + $kind));
}

sub open_namespace {
  my ($path) = @_;
  open(my $handle, '<', $path) or die "$path: $!\n";
  return $handle;
}

sub mount {
  my ($source, $target, $type, $flags, $data) = @_;
  must("mount $target", call('mount', "$source", "$target", "$type", 0 + $flags, defined $data ? "$data" : 0));
}

sub bind_mount { mount($_[0], $_[1], '', MS_BIND | MS_REC) }

# Only whoever keeps the flags that a mount has may change them.
my %KEPT = (1 => MS_RDONLY, 2 => MS_NOSUID, 4 => MS_NODEV, 8 => MS_NOEXEC, 1024 => 1024, 2048 => 2048, 4096 => 1 << 21);

sub make_read_only {
  my ($path) = @_;
  my $buffer = "\0" x 256;
  must("statfs $path", call('statfs', "$path", $buffer));
  my $has = unpack('Q', substr($buffer, 88, 8));
  my $flags = MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID;
  for my $bit (keys %KEPT) { $flags |= $KEPT{$bit} if $has & $bit }
  mount('none', $path, '', $flags);
}

# With all that is mounted below it.
sub bind_read_only {
  my ($source, $target) = @_;
  bind_mount($source, $target);
  open(my $list, '<', '/proc/self/mountinfo') or die "mountinfo: $!\n";
  my %points = ($target => 1);
  while (my $line = <$list>) {
    my $point = (split ' ', $line)[4];
    $point =~ s/\\([0-7]{3})/chr oct $1/ge;
    $points{$point} = 1 if index($point, "$target/") == 0;
  }
  make_read_only($_) for sort keys %points;
}

# This folder becomes the root; of what was before nothing remains.
sub pivot_to {
  my ($folder) = @_;
  chdir $folder or die "$folder: $!\n";
  my ($here, $also_here) = ('.', '.');
  must('pivot_root', call('pivot_root', $here, $also_here));
  must('umount old root', call('umount2', $here, 2));
  chdir '/' or die "/: $!\n";
}

sub set_hostname {
  my ($name) = @_;
  must('sethostname', call('sethostname', "$name", length $name));
}

sub die_with_parent { call('prctl', 1, $_[0], 0, 0, 0) }
sub hide_from_others { call('prctl', 4, 0, 0, 0, 0) }
sub show_to_others { call('prctl', 4, 1, 0, 0, 0) }

# What a container of Kubernetes has by default, without device files: the rest is lost for good.
my @CAPABILITIES = (0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 29, 31);

sub drop_privileges {
  my %kept = map { $_ => 1 } @CAPABILITIES;
  for my $capability (0 .. 63) {
    next if $kept{$capability};
    last unless defined call('prctl', 24, $capability, 0, 0, 0);
  }
  must('no_new_privs', call('prctl', 38, 1, 0, 0, 0));
  my $low = 0;
  $low |= 1 << $_ for @CAPABILITIES;
  my $header = pack('L l', 0x20080522, 0);
  my $sets = pack('L6', $low, $low, 0, 0, 0, 0);
  must('capset', call('capset', $header, $sets));
}

sub raise_file_limit {
  my $limits = pack('Q2', 0, 0);
  my $got = call('prlimit64', 0, 7, 0, $limits);
  return unless defined $got;
  my (undef, $hard) = unpack('Q2', $limits);
  my $wanted = pack('Q2', $hard, $hard);
  call('prlimit64', 0, 7, $wanted, 0);
}

# The user's keys stay outside.
sub leave_keyring { call('keyctl', 1, 0, 0, 0, 0) }

# Seconds and nanoseconds since 1970.
sub now {
  my $buffer = pack('q2', 0, 0);
  must('clock_gettime', call('clock_gettime', 0, $buffer));
  return unpack('q2', $buffer);
}

sub time_stamp {
  my ($seconds, $nanoseconds) = now();
  my ($s, $m, $h, $day, $month, $year) = gmtime $seconds;
  return sprintf('%04d-%02d-%02dT%02d:%02d:%02d.%09dZ', $year + 1900, $month + 1, $day, $h, $m, $s, $nanoseconds);
}

# A handle that can be read when a child has ended. The signal is blocked from then on.
sub watch_children {
  my $set = POSIX::SigSet->new(POSIX::SIGCHLD());
  POSIX::sigprocmask(POSIX::SIG_BLOCK(), $set);
  my $mask = pack('Q', 1 << (POSIX::SIGCHLD() - 1));
  my $fd = must('signalfd', call('signalfd4', -1, $mask, 8, 02000000 | 04000));
  open(my $handle, '<&=', $fd) or die "signalfd: $!\n";
  return $handle;
}

# As a program expects to be started.
sub reset_signals {
  $SIG{$_} = 'DEFAULT' for qw(PIPE INT TERM HUP QUIT);
  POSIX::sigprocmask(POSIX::SIG_SETMASK(), POSIX::SigSet->new());
}

sub write_file {
  my ($path, $content) = @_;
  open(my $file, '>', $path) or die "$path: $!\n";
  defined syswrite($file, $content) or die "$path: $!\n";
  close($file) or die "$path: $!\n";
}

sub keep_over_exec {
  my ($handle) = @_;
  fcntl($handle, 2, 0) or die "fcntl: $!\n";
}

1;
