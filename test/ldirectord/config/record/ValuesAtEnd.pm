# Loaded into the recorded program with PERL5OPT: at its end, writes the values that it has read as JSON.
package ValuesAtEnd;
use JSON::PP;

END {
    if ($ENV{RECORD_VALUES} && !$ValuesAtEnd::done++) {
        my $status = $?;
        my %globals;
        for my $name (qw(AUTOCHECK CALLBACK CHECKCOUNT CHECKINTERVAL CHECKTIMEOUT CLEANSTOP EMAILALERT EMAILALERTFREQ
            EMAILALERTFROM EMAILALERTSTATUS FAILURECOUNT FALLBACK FALLBACK6 FALLBACKCOMMAND FORKING LDIRLOG MAINTDIR
            NEGOTIATETIMEOUT QUIESCENT READDQUIESCENT SMTP SUPERVISED)) {
            no strict 'refs';
            $globals{$name} = ${"main::$name"};
        }
        $globals{LD_CMD_CHILDREN} = \%main::LD_CMD_CHILDREN;
        my $json = JSON::PP->new->canonical->allow_unknown->allow_blessed->latin1;
        if (open my $out, '>', $ENV{RECORD_VALUES}) {
            print $out $json->encode({ globals => \%globals, virtuals => \@main::VIRTUAL });
            close $out;
        }
        $? = $status;
    }
}
1;
