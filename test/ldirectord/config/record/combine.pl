# combine.pl STATUS STDERR VALUES: one recorded result as JSON. The values count only where the file was accepted.
use strict;
use warnings;
use JSON::PP;

my ($status, $stderr, $values) = @ARGV;
sub slurp { local $/; open my $in, '<', $_[0] or return ''; my $text = <$in>; return $text // '' }
my $text = slurp($stderr);
$text =~ s/^.* at \/usr\/sbin\/ldirectord line \d+.*\n//mg; # Perl's own warnings
$text =~ s/\[\d+\]/[PID]/g;
my %record = (exit => 0 + $status, stderr => $text);
if ($status == 3) { my $read = JSON::PP->new->latin1->decode(slurp($values)); @record{keys %$read} = values %$read }
print JSON::PP->new->canonical->pretty->latin1->encode(\%record);
