#!/usr/bin/perl
# Names of shells that other machines have: ash is sh here, and `busybox NAME ...` is whatever NAME is.
use strict;
use warnings;

sub main {
    my ($name, @args) = @_;
    return become('sh', @args) if $name eq 'ash';
    if (!@args || $args[0] =~ /^-/) {
        print "BusyBox stands for the programs of the machine here: busybox NAME [ARGUMENT]...\n";
        return @args && $args[0] !~ /^--?h/ ? 1 : 0;
    }
    $args[0] = 'sh' if $args[0] eq 'ash';
    return become(@args);
}

sub become {
    my (@argv) = @_;
    no warnings 'exec';
    exec { $argv[0] } @argv;
    print STDERR "$argv[0]: applet not found\n";
    return 127;
}

# `perl shells.pl ash ...` is ash.
exit main($0 =~ m{([^/]+)$} && $1 !~ /\.pl$/ ? ($1, @ARGV) : @ARGV) unless caller;
1;
