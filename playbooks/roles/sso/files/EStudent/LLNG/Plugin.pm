package EStudent::LLNG::Plugin;

# What our plugins share: the database of the sessions, and digests that cannot be turned back into names.
use strict;
use warnings;
use Mouse;
use DBI;
use Digest::SHA qw(hmac_sha256_hex);

extends 'Lemonldap::NG::Portal::Main::Plugin';

sub init { return 1 }

# Both nodes see the same rows at once. A connection that broke is opened anew.
sub database {
    my ($self) = @_;
    my $store = $self->conf->{globalStorageOptions};
    return DBI->connect_cached(
        @{$store}{qw(DataSource UserName Password)},
        { RaiseError => 1, PrintError => 0, AutoCommit => 1, pg_enable_utf8 => 1, private_owner => 'estudent' }
    );
}

sub digest {
    my ( $self, @parts ) = @_;
    my $text = join "\0", @parts;
    utf8::encode($text) if utf8::is_utf8($text);
    return hmac_sha256_hex( $text, $self->conf->{key} );
}

# A setting of ours, given in the configuration as customPluginsParams.
sub setting {
    my ( $self, $name, $default ) = @_;
    return $self->conf->{customPluginsParams}->{$name} // $default;
}

1;
