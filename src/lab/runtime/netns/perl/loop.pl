# Waiting for several things at once: handles that can be read or written, children that have ended, times that have come.
package Loop;
use strict;
use warnings;
use POSIX ();
use Errno qw(EAGAIN EINTR);

my (%readers, %writers, %children, $children, @timers, $ending);

# A process that was just forked knows nothing of what its parent waits for.
sub reset {
  (%readers, %writers, %children) = ();
  close $children if defined $children;
  @timers = ();
  undef $children;
  undef $ending;
}

sub on_read { my ($handle, $then) = @_; $readers{ fileno $handle } = [$handle, $then] }
sub off_read { delete $readers{ fileno $_[0] } if defined fileno $_[0] }
sub on_write { my ($handle, $then) = @_; $writers{ fileno $handle } = [$handle, $then] }
sub off_write { delete $writers{ fileno $_[0] } if defined fileno $_[0] }

# Then is called with the wait status.
sub on_child_end {
  my ($pid, $then) = @_;
  watch_children();
  $children{$pid} = $then;
}

# Before the first child: also such as nobody waits for are taken away.
sub watch_children {
  return if defined $children;
  $children = Kernel::watch_children();
  on_read($children, sub { sysread($children, my $ignored, 4096); reap() });
}

sub reap {
  while ((my $pid = waitpid(-1, POSIX::WNOHANG())) > 0) {
    my $status = $?;
    my $then = delete $children{$pid};
    $then->($status) if defined $then;
  }
}

sub after {
  my ($seconds, $then) = @_;
  my $timer = [clock() + $seconds, $then];
  @timers = sort { $a->[0] <=> $b->[0] } @timers, $timer;
  return $timer;
}

sub forget {
  my ($timer) = @_;
  @timers = grep { $_ != $timer } @timers;
}

sub clock {
  my ($seconds, $nanoseconds) = Kernel::now();
  return $seconds + $nanoseconds / 1e9;
}

sub end { $ending = 1 }

sub run {
  until ($ending) {
    my ($reads, $writes) = ('', '');
    vec($reads, $_, 1) = 1 for keys %readers;
    vec($writes, $_, 1) = 1 for keys %writers;
    my $wait = @timers ? $timers[0][0] - clock() : undef;
    $wait = 0 if defined $wait && $wait < 0;
    my $count = select($reads, $writes, undef, $wait);
    if ($count > 0) {
      for my $fd (grep { vec($reads, $_, 1) } keys %readers) {
        my $reader = $readers{$fd} or next;
        $reader->[1]->($reader->[0]);
      }
      for my $fd (grep { vec($writes, $_, 1) } keys %writers) {
        my $writer = $writers{$fd} or next;
        $writer->[1]->($writer->[0]);
      }
    }
    while (@timers && $timers[0][0] <= clock()) { (shift @timers)->[1]->() }
  }
}

# A child that runs this and never comes back; its own end is the end of the process.
sub fork_off {
  my ($body) = @_;
  my $pid = fork;
  die "fork: $!\n" unless defined $pid;
  return $pid if $pid;
  Loop::reset();
  my $done = eval { $body->(); 1 };
  print STDERR "sallyport lab: $@" unless $done;
  POSIX::_exit($done ? 0 : 70);
}

# Messages are lists of byte strings, each after its length, the whole after its length.
package Wire;
use strict;
use warnings;
use Errno qw(EAGAIN EINTR);

use constant MAX_MESSAGE => 64 << 20;

sub new {
  my ($class, $handle, $on_message, $on_end) = @_;
  $handle->blocking(0);
  my $self = bless { handle => $handle, in => '', out => '', on_message => $on_message, on_end => $on_end }, $class;
  Loop::on_read($handle, sub { $self->take });
  return $self;
}

sub take {
  my ($self) = @_;
  my $count = sysread($self->{handle}, $self->{in}, 1 << 18, length $self->{in});
  return if !defined $count && ($! == EAGAIN || $! == EINTR);
  return $self->ended unless $count;
  while (length $self->{in} >= 4) {
    my $length = unpack('N', $self->{in});
    return $self->ended if $length > MAX_MESSAGE;
    last if length $self->{in} < 4 + $length;
    my $payload = substr($self->{in}, 4, $length);
    substr($self->{in}, 0, 4 + $length) = '';
    $self->{on_message}->(unpack('(N/a*)*', $payload));
  }
}

sub ended {
  my ($self) = @_;
  Loop::off_read($self->{handle});
  Loop::off_write($self->{handle});
  $self->{gone} = 1;
  $self->{on_end}->();
}

sub send {
  my ($self, @fields) = @_;
  return if $self->{gone};
  my $payload = pack('(N/a*)*', @fields);
  $self->{out} .= pack('N', length $payload) . $payload;
  $self->flush;
}

sub flush {
  my ($self) = @_;
  while ($self->{out} ne '') {
    my $count = syswrite($self->{handle}, $self->{out}, 1 << 18);
    if (!defined $count) {
      next if $! == EINTR;
      return Loop::on_write($self->{handle}, sub { $self->flush }) if $! == EAGAIN;
      return $self->ended;
    }
    substr($self->{out}, 0, $count) = '';
  }
  Loop::off_write($self->{handle});
}

# Everything that is still to be said, however long it takes.
sub flush_blocking {
  my ($self) = @_;
  $self->{handle}->blocking(1);
  $self->flush;
}

sub close { my ($self) = @_; Loop::off_read($self->{handle}); Loop::off_write($self->{handle}); CORE::close($self->{handle}) }

# Bytes from one handle to another, no faster than they are taken.
package Pipe;
use strict;
use warnings;
use Errno qw(EAGAIN EINTR);

sub new {
  my ($class, $from, $to, $on_end) = @_;
  $_->blocking(0) for $from, $to;
  my $self = bless { from => $from, to => $to, data => '', on_end => $on_end }, $class;
  Loop::on_read($from, sub { $self->fill });
  return $self;
}

sub fill {
  my ($self) = @_;
  my $count = sysread($self->{from}, $self->{data}, 1 << 16);
  return if !defined $count && ($! == EAGAIN || $! == EINTR);
  # A terminal that nobody has open any more answers with an error.
  return $self->finish unless $count;
  $self->drain;
}

sub drain {
  my ($self) = @_;
  while ($self->{data} ne '') {
    my $count = syswrite($self->{to}, $self->{data});
    if (!defined $count) {
      next if $! == EINTR;
      return $self->finish unless $! == EAGAIN;
      Loop::off_read($self->{from});
      return Loop::on_write($self->{to}, sub { $self->drain });
    }
    substr($self->{data}, 0, $count) = '';
  }
  Loop::off_write($self->{to});
  Loop::on_read($self->{from}, sub { $self->fill });
}

sub finish {
  my ($self) = @_;
  return if $self->{finished}++;
  Loop::off_read($self->{from});
  Loop::off_write($self->{to});
  $self->{on_end}->();
}

1;
