/**
 * A packet-log reader in perl, which every Debian has (perl-base is essential there).
 *
 * Node cannot open a netlink socket. This can, with no privilege but CAP_NET_ADMIN, and passes on what the kernel says,
 * byte by byte: messages carry their own length. It ends when its standard input does, so that it does not outlive the
 * agent and keep the group.
 *
 * The numbers: family 16 (netlink), type 3 (raw), protocol 12 (netfilter); message 0x0401 configures a group; attribute
 * 1 binds, 2 says how much of a packet is copied, 6 asks for sequence numbers. Option 33 sets the receive buffer beyond
 * the system's limit, 8 within it. Error 105 (no buffer space) means that messages were lost: the sequence shows how many.
 */
export const RELAY_SCRIPT = String.raw`
use strict;
my ($group, $bytes) = @ARGV;
my $kernel = pack('S S L L', 16, 0, 0, 0);
socket(my $log, 16, 3, 12) or fail('socket');
bind($log, $kernel) or fail('bind');
setsockopt($log, 1, 33, pack('l', 1 << 21)) or setsockopt($log, 1, 8, pack('l', 1 << 21));
configure(1, pack('C', 1));
configure(2, pack('N C C', $bytes, 2, 0));
configure(6, pack('n', 1));
pass(pack('L S S L L l', 20, 2, 0, 0, 0, 0));
my $want = '';
vec($want, fileno(STDIN), 1) = 1;
vec($want, fileno($log), 1) = 1;
while (1) {
  my $ready = $want;
  next if select($ready, undef, undef, undef) < 0;
  if (vec($ready, fileno(STDIN), 1)) { exit 0 unless sysread(STDIN, my $ignored, 4096) }
  next unless vec($ready, fileno($log), 1);
  if (defined(recv($log, my $message, 1 << 17, 0))) { pass($message) }
  elsif ($! != 105 && $! != 4) { fail('recv') }
}
sub configure {
  my ($type, $value) = @_;
  my $attribute = pack('S S', 4 + length $value, $type) . $value;
  $attribute .= "\0" x (-length($attribute) & 3);
  my $header = pack('L S S L L C C n', 20 + length $attribute, 0x0401, 5, 0, 0, 0, 0, $group);
  defined(send($log, $header . $attribute, 0, $kernel)) or fail('send');
  while (1) {
    defined(recv($log, my $answer, 1 << 17, 0)) or fail('recv');
    my (undef, $kind, undef, undef, undef, $error) = unpack('L S S L L l', $answer);
    if ($kind != 2) { pass($answer); next }
    return unless $error;
    $! = -$error;
    fail('configure');
  }
}
sub pass {
  my ($message) = @_;
  my $done = 0;
  while ($done < length $message) {
    my $count = syswrite(STDOUT, $message, length($message) - $done, $done);
    exit 1 unless defined $count;
    $done += $count;
  }
}
sub fail { print STDERR "$_[0]: $!\n"; exit 1 }
`;
