/**
 * Clears a field of the mark of every tracked connection, in perl (perl-base is essential in Debian): Node cannot open a
 * netlink socket, and `conntrack -U` sends more of an entry back than the kernel lets anybody change.
 *
 * The argument is the mask of the field. Prints how many entries were changed.
 *
 * The numbers: family 16 (netlink), type 3 (raw), protocol 12 (netfilter). Message 0x0101 asks for connections (flags
 * 0x301: all of them), 0x0100 changes one (flags 5: with an answer). Attributes: 1 the original tuple, 8 the mark, 18
 * the zone, 21 the mask of the mark. Message 2 is an answer, 3 the end of a list. An entry that has gone meanwhile
 * (error 2) has no mark to clear. A list during which the kernel's own table was rearranged says so (flag 0x10), and is
 * asked for again, as are entries that somebody else was changing.
 */
export const MARK_SWEEP_SCRIPT = String.raw`
use strict;
my $mask = hex $ARGV[0];
my $kernel = pack('S S L L', 16, 0, 0, 0);
my ($list, $change) = (netlink(), netlink());
my $changed = 0;
for my $round (1 .. 5) {
  my $again = 0;
  for my $family (2, 10) { $again |= sweep($family) }
  next if $again;
  print "$changed\n";
  exit 0;
}
fail('connections change too fast');
sub netlink {
  socket(my $socket, 16, 3, 12) or fail('socket');
  bind($socket, $kernel) or fail('bind');
  setsockopt($socket, 1, 33, pack('l', 1 << 22)) or setsockopt($socket, 1, 8, pack('l', 1 << 22));
  return $socket;
}
sub sweep {
  my ($family) = @_;
  my $again = 0;
  defined(send($list, pack('L S S L L C C n', 20, 0x0101, 0x301, 0, 0, $family, 0, 0), 0, $kernel)) or fail('send');
  while (1) {
    defined(recv($list, my $data, 1 << 20, 0)) or fail('recv');
    while (length $data >= 16) {
      my ($size, $type, $flags) = unpack('L S S', $data);
      fail('message') if $size < 16 || $size > length $data;
      $again = 1 if $flags & 0x10;
      return $again if $type == 3;
      if ($type == 2) { $! = -unpack('l', substr($data, 16, 4)); fail('list') }
      $again |= clear($family, substr($data, 20, $size - 20));
      $data = substr($data, ($size + 3) & ~3);
    }
  }
}
sub clear {
  my ($family, $rest) = @_;
  my ($tuple, $zone, $mark) = ('', '', 0);
  while (length $rest >= 4) {
    my ($size, $type) = unpack('S S', $rest);
    last if $size < 4;
    my $attribute = substr($rest, 0, ($size + 3) & ~3);
    $type &= 0x3fff;
    if ($type == 1) { $tuple = $attribute }
    elsif ($type == 18) { $zone = $attribute }
    elsif ($type == 8) { $mark = unpack('N', substr($attribute, 4)) }
    $rest = substr($rest, ($size + 3) & ~3);
  }
  return 0 unless $mark & $mask;
  my $body = $tuple . $zone . pack('S S N S S N', 8, 8, 0, 8, 21, $mask);
  my $header = pack('L S S L L C C n', 20 + length $body, 0x0100, 5, 0, 0, $family, 0, 0);
  defined(send($change, $header . $body, 0, $kernel)) or fail('send');
  defined(recv($change, my $answer, 1 << 16, 0)) or fail('recv');
  my $error = -unpack('l', substr($answer, 16, 4));
  if ($error == 0) { $changed++; return 0 }
  return 0 if $error == 2;
  return 1 if $error == 16 || $error == 11;
  $! = $error;
  fail('change');
}
sub fail { print STDERR "$_[0]: $!\n"; exit 1 }
`;
