package EStudent::LLNG::Sessions;

# Sessions in PostgreSQL, over one connection for each process. Apache::Session opens one for every session that it looks at,
# ten for a sign-in, and TLS and SCRAM then cost more than all the rest.
use strict;
use warnings;
use parent 'Apache::Session::Browseable::PgJSON';

# Searches call it with no object, and want one that knows how sessions are read.
sub populate {
    my $self = Apache::Session::Browseable::PgJSON::populate(@_);
    $self->{object_store} = EStudent::LLNG::Sessions::Store->new;
    return $self;
}

package EStudent::LLNG::Sessions::Store;

use DBI;
use parent -norequire, 'Apache::Session::Browseable::Store::Postgres';

# Every statement stands for itself: it reads a session whole, or writes it whole. A connection that broke is opened anew.
sub connection {
    my ( $self, $session ) = @_;
    return if $self->{dbh};
    my $given = $session->{args};
    $self->{table_name} = $given->{TableName};
    $self->{dbh} = DBI->connect_cached(
        @{$given}{qw(DataSource UserName Password)},
        { RaiseError => 1, PrintError => 0, AutoCommit => 1, pg_enable_utf8 => 1, private_owner => 'sessions' }
    );
    return;
}

1;
