# What a container sees instead of the host's files: programs and libraries to read, a few devices, nothing else.
package Root;
use strict;
use warnings;
use POSIX ();

my @PROGRAM_FOLDERS = qw(bin sbin lib lib32 lib64 libx32 usr nix);
# What programs look up in /etc and what is the same for everybody.
my @SHARED_IN_ETC = qw(alternatives ld.so.cache services protocols ssl/certs ssl/openssl.cnf pki/tls/certs ca-certificates);
# Of the built-in programs those whose place in images with busybox is before those of the machine.
my @OF_BUSYBOX = qw(wget);
my @DEVICES = qw(null zero full random urandom tty);
my %LINKS_IN_DEV = (fd => '/proc/self/fd', stdin => '/proc/self/fd/0', stdout => '/proc/self/fd/1',
  stderr => '/proc/self/fd/2', ptmx => 'pts/ptmx');
my @MASKED = qw(kcore keys timer_list sched_debug latency_stats sysrq-trigger kmsg config.gz);
my @EMPTIED = qw(acpi scsi);
my @READ_ONLY = qw(sys irq bus fs);

my %FIXED = (
  passwd => "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n",
  group => "root:x:0:\nnogroup:x:65534:\n",
  'nsswitch.conf' => "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n",
  'os-release' => "NAME=\"Sallyport lab\"\nID=sallyport-lab\nPRETTY_NAME=\"Sallyport lab\"\n",
);

sub make_folders {
  my ($path) = @_;
  my $made = '';
  for my $part (grep { length } split m{/}, $path) {
    $made .= "/$part";
    next if mkdir $made, 0755;
    die "$made: $!\n" unless $!{EEXIST} && -d $made;
  }
}

sub touch { my ($path) = @_; Kernel::write_file($path, '') }

# Made once, and bound into each pod as a whole. Programs: name and path, one after the other.
sub make_template {
  my ($folder, @programs) = @_;
  make_folders($folder);
  for my $name (@PROGRAM_FOLDERS) {
    if (-l "/$name") {
      symlink(readlink "/$name", "$folder/$name") or die "$name: $!\n";
    } elsif (-d "/$name") {
      mkdir "$folder/$name", 0755;
      Kernel::bind_read_only("/$name", "$folder/$name");
    }
  }
  make_folders("$folder/etc");
  for my $name (@SHARED_IN_ETC) {
    my $source = "/etc/$name";
    next unless -e $source;
    my $target = "$folder/etc/$name";
    (my $parent = $target) =~ s{/[^/]*\z}{};
    make_folders($parent);
    -d $source ? mkdir $target, 0755 : touch($target);
    Kernel::bind_read_only($source, $target);
  }
  make_folders("$folder/dev/$_") for qw(pts shm);
  Kernel::bind_mount("$folder/dev", "$folder/dev");
  for my $name (@DEVICES) {
    touch("$folder/dev/$name");
    Kernel::bind_read_only("/dev/$name", "$folder/dev/$name");
  }
  symlink($LINKS_IN_DEV{$_}, "$folder/dev/$_") or die "$_: $!\n" for sort keys %LINKS_IN_DEV;
  make_folders("$folder/opt/sallyport/bin");
  my %copies;
  while (my ($name, $path) = splice @programs, 0, 2) {
    my $target = "$folder/opt/sallyport/bin/$name";
    if (defined $copies{$path}) {
      link($copies{$path}, $target) or die "$target: $!\n";
      next;
    }
    open(my $source, '<', $path) or die "$path: $!\n";
    local $/ = undef;
    Kernel::write_file($target, scalar <$source>);
    chmod 0755, $target;
    $copies{$path} = $target;
  }
  # Before the programs of the machine, for images that have busybox.
  make_folders("$folder/opt/sallyport/busybox");
  for my $name (grep { -e "$folder/opt/sallyport/bin/$_" } @OF_BUSYBOX) {
    link("$folder/opt/sallyport/bin/$name", "$folder/opt/sallyport/busybox/$name") or die "$name: $!\n";
  }
  Kernel::make_read_only("$folder/dev");
  Kernel::bind_mount("$folder/opt", "$folder/opt");
  Kernel::make_read_only("$folder/opt");
}

# Of the process that looks after a pod: what its containers are made from. Afterwards the host's files are gone.
sub enter_pod {
  my ($state, $logs) = @_;
  my $root = "$state/pod";
  Kernel::mount('tmpfs', $root, 'tmpfs', Kernel::MS_NOSUID, 'mode=0755,size=16m');
  mkdir "$root/$_", 0755 for qw(template logs io dev proc container);
  Kernel::bind_mount("$state/template", "$root/template");
  Kernel::bind_mount($logs, "$root/logs");
  Kernel::bind_mount("$state/io", "$root/io");
  Kernel::bind_mount("$state/template/dev", "$root/dev");
  Kernel::mount('devpts', "$root/dev/pts", 'devpts', Kernel::MS_NOSUID | Kernel::MS_NOEXEC,
    'newinstance,ptmxmode=0666,mode=0620');
  Kernel::mount('tmpfs', "$root/dev/shm", 'tmpfs', Kernel::MS_NOSUID | Kernel::MS_NODEV, 'mode=1777,size=64m');
  Kernel::mount('proc', "$root/proc", 'proc', Kernel::MS_NOSUID | Kernel::MS_NODEV | Kernel::MS_NOEXEC);
  Kernel::pivot_to($root);
  for my $name (grep { -e "/proc/$_" } @MASKED) { Kernel::mount('/dev/null', "/proc/$name", '', Kernel::MS_BIND) }
  for my $name (grep { -d "/proc/$_" } @EMPTIED) {
    Kernel::mount('tmpfs', "/proc/$name", 'tmpfs', Kernel::MS_RDONLY | Kernel::MS_NOSUID | Kernel::MS_NODEV, 'size=4k');
  }
  for my $name (grep { -d "/proc/$_" } @READ_ONLY) {
    Kernel::bind_mount("/proc/$name", "/proc/$name");
    Kernel::make_read_only("/proc/$name");
  }
}

# In a mount namespace of the container's own. Etc: name and content, one after the other. Own: paths that the
# container will have something of its own at.
sub enter_container {
  my ($etc, @own) = @_;
  my $root = '/container';
  my %open = folders_to_open(@own);
  Kernel::mount('tmpfs', $root, 'tmpfs', Kernel::MS_NOSUID | Kernel::MS_NODEV, 'mode=0755,size=256m,nr_inodes=65536');
  mkdir "$root/$_", 0755 for qw(dev etc home mnt opt proc root run srv sys var);
  mkdir "$root/$_" for qw(tmp var/tmp);
  chmod 01777, "$root/$_" for qw(tmp var/tmp);
  mkdir "$root/var/$_", 0755 for qw(cache lib log);
  symlink '/run', "$root/var/run";
  for my $name (@PROGRAM_FOLDERS, 'opt/sallyport') {
    my $source = "/template/$name";
    if (-l $source) {
      symlink(readlink $source, "$root/$name") or die "$name: $!\n";
    } elsif (-d $source) {
      my $target = $open{"/$name"} ? "$root/.host/$name" : "$root/$name";
      make_folders($target);
      Kernel::bind_mount($source, $target);
    }
  }
  for my $name (@SHARED_IN_ETC) {
    my $source = "/template/etc/$name";
    next unless -e $source;
    my $target = "$root/etc/$name";
    (my $parent = $target) =~ s{/[^/]*\z}{};
    make_folders($parent);
    -d $source ? mkdir $target, 0755 : touch($target);
    Kernel::bind_mount($source, $target);
  }
  open_folders($root, %open);
  Kernel::bind_mount('/dev', "$root/dev");
  Kernel::bind_mount('/proc', "$root/proc");
  my @etc = (%FIXED, @$etc);
  while (my ($name, $content) = splice @etc, 0, 2) { Kernel::write_file("$root/etc/$name", $content) }
  symlink '/proc/self/mounts', "$root/etc/mtab";
  Kernel::pivot_to($root);
}

# Folders of programs can be read only. Where a container puts something into one, that folder and those above it are
# folders of its own instead, in which everything else is a link to what the host has.
sub folders_to_open {
  my (@own) = @_;
  my (%open, %skipped);
  my %programs = map { $_ => 1 } @PROGRAM_FOLDERS;
  for my $path (@own) {
    my (undef, $first, @rest) = split m{/+}, $path;
    next unless defined $first && $programs{$first} && -e "/template/$first";
    $first = readlink "/template/$first" if -l "/template/$first";
    my @parts = (split(m{/+}, $first), @rest);
    my $name = pop @parts;
    my $folder = '';
    for my $part (@parts) {
      $skipped{$folder}{$part} = 1;
      $folder .= "/$part";
      $open{$folder} = 1;
    }
    $skipped{$folder}{$name} = 1;
  }
  return map { $_ => $skipped{$_} // {} } keys %open;
}

sub open_folders {
  my ($root, %open) = @_;
  for my $folder (sort keys %open) {
    mkdir "$root$folder", 0755;
    opendir(my $entries, "/template$folder") or next;
    for my $entry (readdir $entries) {
      next if $entry eq '.' || $entry eq '..' || $open{$folder}{$entry};
      symlink "/.host$folder/$entry", "$root$folder/$entry";
    }
  }
}

# After the root is entered, so that no link leads out of it. Files: path, mode, content, one after the other.
sub write_files {
  my ($folders, $files) = @_;
  make_folders($_) for @$folders;
  my @files = @$files;
  while (my ($path, $mode, $content) = splice @files, 0, 3) {
    (my $parent = $path) =~ s{/[^/]*\z}{};
    make_folders($parent);
    Kernel::write_file($path, $content);
    chmod 0 + $mode, $path or die "$path: $!\n";
  }
}

# Scripts that are compiled once, so that starting their programs takes a fork and nothing else.
my %compiled;

# In a package of its own, where it finds itself called and does not start by itself.
sub compile {
  my ($path, @names) = @_;
  my $package = 'Compiled' . keys %compiled;
  open(my $file, '<', $path) or return;
  my $source = do { local $/ = undef; <$file> };
  my $done = eval "package $package;\n#line 1 \"$path\"\n$source\n;1";
  my $main = $done && $package->can('main') or return;
  $compiled{$_} = $main for @names;
}

sub compiled_program {
  my ($path) = @_;
  return $path =~ m{\A/opt/sallyport/bin/([^/]+)\z} ? ($1, $compiled{$1}) : ();
}

# What would be closed by exec leads nowhere from here on. perl complains of handles that are closed behind its back.
sub forget_handles {
  opendir(my $open, '/proc/self/fd') or die "/proc/self/fd: $!\n";
  my @fds = grep { /\A\d+\z/ && $_ > 2 } readdir $open;
  closedir $open;
  open(my $nowhere, '+<', '/dev/null') or die "/dev/null: $!\n";
  POSIX::dup2(fileno $nowhere, 0 + $_) for grep { $_ != fileno $nowhere } @fds;
}

# By the rules of execvp; what runc would say when there is none.
sub find_program {
  my ($name, $path) = @_;
  if (index($name, '/') >= 0) {
    return (undef, 127, "exec: \"$name\": stat $name: no such file or directory") unless -e $name;
    return (undef, 126, "exec: \"$name\": is a directory") if -d $name;
    return (undef, 126, "exec: \"$name\": permission denied") unless -x $name;
    return $name;
  }
  my $refused;
  if ($name ne '') {
    for my $folder (split /:/, $path) {
      my $file = ($folder eq '' ? '.' : $folder) . "/$name";
      next if !-e $file || -d _;
      return $file if -x _;
      $refused = 1;
    }
  }
  return (undef, 126, "exec: \"$name\": permission denied") if $refused;
  return (undef, 127, "exec: \"$name\": executable file not found in \$PATH");
}

# Never comes back, unless with (exit code, why).
sub start_program {
  my ($argv, $env, $folder) = @_;
  my %env = @$env;
  chdir $folder or return (126, "chdir to cwd (\"$folder\") set in config.json failed: " . lcfirst "$!");
  my ($program, $code, $why) = find_program($argv->[0], $env{PATH} // '');
  return ($code, $why) unless defined $program;
  if (open(my $score, '>', '/proc/self/oom_score_adj')) { syswrite($score, '500'); close $score }
  Kernel::drop_privileges();
  %ENV = %env;
  umask 022;
  Kernel::reset_signals();
  my ($name, $main) = compiled_program($program);
  if ($main) {
    # Its memory is a copy of ours.
    Kernel::hide_from_others();
    my ($zeroth, @arguments) = @$argv;
    $0 = join ' ', $program, @arguments;
    forget_handles();
    my $code = eval { $main->($name, @arguments) };
    print STDERR $@ if $@;
    exit($@ ? 255 : $code // 0);
  }
  no warnings 'exec';
  exec { $program } @$argv;
  return (126, "exec $program: " . lcfirst "$!");
}

1;
