# Links, addresses and routes through a netlink socket: what a program `ip` would do, without starting one per pod.
package Links;
use strict;
use warnings;
use Socket ();

use constant { NEWLINK => 16, DELLINK => 17, NEWADDR => 20, NEWROUTE => 24, DELROUTE => 25, NEWNEIGH => 28 };
use constant { REQUEST => 1, ACK => 4, REPLACE => 0x100, EXCLUSIVE => 0x200, CREATE => 0x400 };

# Of the network namespace that it is opened in, also later.
sub open_socket {
  socket(my $socket, 16, 3 | 02000000, 0) or die "netlink: $!\n";
  return $socket;
}

sub attribute {
  my ($type, $value) = @_;
  my $text = pack('S S', 4 + length $value, $type) . $value;
  return $text . "\0" x (-length($text) & 3);
}

sub message {
  my ($type, $flags, $body) = @_;
  return [$type, $flags | REQUEST | ACK, $body];
}

sub interface_body {
  my ($index, $up) = @_;
  return pack('C x S l L L', 0, 0, $index, $up, $up);
}

sub link_up { return message(NEWLINK, 0, interface_body($_[0], 1)) }
sub delete_link { return message(DELLINK, 0, interface_body($_[0], 0)) }

# A pair, one end here and the other in another namespace.
sub add_pair {
  my ($near, $far, $far_namespace) = @_;
  # A peer that does not have its other half yet cannot be up.
  my $peer = interface_body($far->{index}, 0) . attribute(3, "$far->{name}\0") . attribute(1, $far->{mac})
    . attribute(28, pack('L', fileno $far_namespace));
  my $info = attribute(1, "veth\0") . attribute(2, attribute(1, $peer));
  return message(NEWLINK, CREATE | EXCLUSIVE,
    interface_body($near->{index}, 1) . attribute(3, "$near->{name}\0") . attribute(1, $near->{mac}) . attribute(18, $info));
}

# Family, bytes and length in bits of an address.
sub parse {
  my ($text) = @_;
  my $family = index($text, ':') < 0 ? Socket::AF_INET() : Socket::AF_INET6();
  my $bytes = Socket::inet_pton($family, $text);
  die "no address: $text\n" unless defined $bytes;
  return ($family, $bytes, 8 * length $bytes);
}

# Usable at once: nobody else can have it.
sub add_address {
  my ($index, $text) = @_;
  my ($family, $bytes, $bits) = parse($text);
  return message(NEWADDR, CREATE | REPLACE,
    pack('C C C C L', $family, $bits, 2, 0, $index) . attribute(2, $bytes) . attribute(1, $bytes));
}

# To one address, straight through the link.
sub add_host_route {
  my ($index, $text, $source) = @_;
  my ($family, $bytes, $bits) = parse($text);
  my $body = pack('C8 L', $family, $bits, 0, 0, 254, 4, $family == 2 ? 253 : 0, 1, 0) . attribute(1, $bytes)
    . attribute(4, pack('L', $index));
  $body .= attribute(7, (parse($source))[1]) if defined $source;
  return message(NEWROUTE, CREATE | REPLACE, $body);
}

sub delete_host_route {
  my ($index, $text) = @_;
  my ($family, $bytes, $bits) = parse($text);
  return message(DELROUTE, 0,
    pack('C8 L', $family, $bits, 0, 0, 254, 0, $family == 2 ? 253 : 0, 0, 0) . attribute(1, $bytes)
      . attribute(4, pack('L', $index)));
}

sub add_default_route {
  my ($index, $gateway) = @_;
  my ($family, $bytes) = parse($gateway);
  return message(NEWROUTE, CREATE | REPLACE,
    pack('C8 L', $family, 0, 0, 0, 254, 4, 0, 1, 4) . attribute(5, $bytes) . attribute(4, pack('L', $index)));
}

# Nobody ever has to ask for it.
sub add_neighbour {
  my ($index, $text, $mac) = @_;
  my ($family, $bytes) = parse($text);
  return message(NEWNEIGH, CREATE | REPLACE,
    pack('C x S l S C C', $family, 0, $index, 0x80, 0, 0) . attribute(1, $bytes) . attribute(2, $mac));
}

# All of them in one go; the first refusal is told.
sub apply {
  my ($socket, @messages) = @_;
  my $batch = '';
  for my $at (0 .. $#messages) {
    my ($type, $flags, $body) = @{ $messages[$at] };
    $batch .= pack('L S S L L', 16 + length $body, $type, $flags, $at + 1, 0) . $body;
    $batch .= "\0" x (-length($batch) & 3);
  }
  defined syswrite($socket, $batch) or die "netlink: $!\n";
  my ($answers, $refused) = (0, undef);
  while ($answers < @messages) {
    defined recv($socket, my $data, 1 << 16, 0) or die "netlink: $!\n";
    while (length $data >= 16) {
      my ($length, $type, undef, $number) = unpack('L S S L', $data);
      last if $length < 16;
      if ($type == 2) {
        $answers++;
        my $error = -unpack('l', substr($data, 16, 4));
        $refused //= [$number, $error] if $error;
      }
      $data = substr($data, ($length + 3) & ~3);
    }
  }
  return unless $refused;
  $! = $refused->[1];
  die "netlink request $messages[$refused->[0] - 1][0]: $!\n";
}

1;
