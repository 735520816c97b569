#!/usr/bin/perl
# Opens a netlink socket of the netfilter family and becomes the command that it is given, which inherits the socket;
# the word {} in the command becomes its number:
#
#   netlink-launcher.pl sallyport agent --netlink-fd {}
#
# perl-base, which every Debian has, is enough. Needs what the agent needs: CAP_NET_ADMIN for larger buffers.
use strict;

# Every descriptor of ours is inherited.
$^F = 255;
# Family 16 (netlink), type 3 (raw), protocol 12 (netfilter).
socket(my $kernel, 16, 3, 12) or die "socket: $!\n";
bind($kernel, pack('S S L L', 16, 0, 0, 0)) or die "bind: $!\n";
# Buffers for sending and receiving: options 32 and 33 beyond the system's limits, 7 and 8 within them.
setsockopt($kernel, 1, 32, pack('l', 1 << 25)) or setsockopt($kernel, 1, 7, pack('l', 1 << 25));
setsockopt($kernel, 1, 33, pack('l', 1 << 22)) or setsockopt($kernel, 1, 8, pack('l', 1 << 22));
# Open for both ways, never waiting.
fcntl($kernel, 4, 0x802) or die "fcntl: $!\n";
my @command = map { $_ eq '{}' ? fileno($kernel) : $_ } @ARGV;
exec { $command[0] } @command or die "$command[0]: $!\n";
