#!/usr/bin/perl
# Names that other machines have: ash is sh here, `busybox NAME ...` is whatever NAME is, and apk installs nothing.
use strict;
use warnings;

sub main {
    my ($name, @args) = @_;
    return become('sh', @args) if $name eq 'ash';
    return apk(@args) if $name eq 'apk';
    if (!@args || $args[0] =~ /^-/) {
        print "BusyBox stands for the programs of the machine here: busybox NAME [ARGUMENT]...\n";
        return @args && $args[0] !~ /^--?h/ ? 1 : 0;
    }
    $args[0] = 'sh' if $args[0] eq 'ash';
    return become(@args);
}

# What exercises install is mostly there. What is not, the shell says when somebody runs it.
sub apk {
    my ($command) = grep { !/^-/ } @_;
    if (!defined $command || $command !~ /^(?:add|update|upgrade)$/) {
        print STDERR "apk: the lab has no packages, only the programs of the machine\n";
        return 1;
    }
    print STDERR "apk: nothing is installed in the lab: pods have the programs of the machine and a few of the lab\n";
    return 0;
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
