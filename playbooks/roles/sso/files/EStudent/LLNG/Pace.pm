package EStudent::LLNG::Pace;

# How fast passwords may be tried, so that nobody guesses one, nobody learns who exists, and nobody can lock a student
# out:
# - Whoever has tried wrong a few times, from one address at one name, waits a few seconds between tries.
# - All strangers together may try a name wrong only so often in a while that the directory, which counts failures too,
#   never bars the person because of them. A browser from which this name has signed in before is no stranger, so whoever
#   is under attack goes on signing in there.
# - Names that nobody has are treated in the same way: counted, and compared with the decoy's password, which takes as
#   long as a real one.
use strict;
use warnings;
use Mouse;
use Time::Local qw(timegm);
use Lemonldap::NG::Portal::Main::Constants qw(PE_OK PE_BADCREDENTIALS PE_WAIT);

extends 'EStudent::LLNG::Plugin';

use constant beforeAuth => 'tidyName';
use constant aroundSub  => { getUser => 'find', authenticate => 'compare' };

use constant LONGEST_NAME => 254;
use constant REMEMBERED   => 90 * 86400;    # seconds for which a browser is no stranger
use constant FOREVER      => '000001010000Z';

# People copy their address with spaces, write it in capitals, and type the album number that their user name is made of.
sub tidyName {
    my ( $self, $req ) = @_;
    my $typed = $req->param('user');
    return PE_OK unless defined $typed and uc $req->method eq 'POST';
    $typed = substr $typed, 0, 2 * LONGEST_NAME;
    $typed =~ s/^\s+|\s+$//g;
    $typed = "s$typed" if $typed =~ /^[0-9]{3,7}$/;
    $req->set_param( 'user', lc $typed );
    return PE_OK;
}

sub find {
    my ( $self, $find, $req, %args ) = @_;
    return $find->( $req, %args ) unless defined $req->data->{password};    # no sign-in: a session is refreshed
    my $wait = $self->wait($req);
    if ($wait) {
        $req->lockTime($wait);
        return PE_WAIT;
    }
    my $found = $find->( $req, %args );
    return $self->compareWithDecoy($req) if $found == PE_BADCREDENTIALS;
    $self->takeBack($req) unless $found == PE_OK;    # the directory is away: nobody guessed anything
    return $found;
}

sub compare {
    my ( $self, $compare, $req, %args ) = @_;
    return $self->compareWithDecoy($req) if $self->isBarred( $req->data->{ldapentry} );
    my $result = $compare->( $req, %args );
    if ( $result == PE_OK ) {
        $self->forget($req);
        $self->remember($req);
    }
    elsif ( $result != PE_BADCREDENTIALS ) {
        $self->takeBack($req);
    }
    return $result;
}

# An entry without a usable password is answered at once by the directory, which would tell that it is there.
sub compareWithDecoy {
    my ( $self, $req ) = @_;
    my $form = $self->p->_authentication;
    $form->validateLdap;
    $form->ldap->bind( $self->setting('decoy'), password => $req->data->{password} ) if $form->ldap;
    $form->setSecurity($req) unless $req->token;
    return PE_BADCREDENTIALS;
}

sub isBarred {
    my ( $self, $entry ) = @_;
    return 0 unless $entry;
    my $ended = $entry->get_value('pwdEndTime');
    return 1 if $ended and _seconds($ended) <= time;
    my $locked = $entry->get_value('pwdAccountLockedTime') or return 0;
    return 1 if $locked eq FOREVER;
    return _seconds($locked) + $self->setting( 'barredSeconds', 900 ) > time;
}

# RFC 4517, 3.3.13, as slapd writes it.
sub _seconds {
    my ( $year, $month, @rest ) = shift =~ /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)/ or return 0;
    return timegm( reverse( @rest ), $month - 1, $year );
}

# Return for how many seconds this try must wait, or note it as failed until it has succeeded: then a hundred tries at
# once do not slip through.
sub wait {
    my ( $self, $req ) = @_;
    my ( $who, $place, $stranger ) = $self->whoAndWhere($req);
    my $database = $self->database;
    my ( $seconds ) = $database->selectrow_array( <<'END', undef, $who, $place, $stranger, $self->limits );
SELECT pace(?, ?, ?, ?, ?, ?, ?)
END
    return $seconds;
}

sub limits {
    my ($self) = @_;
    return map { $self->setting( @$_ ) }
      [ 'tries', 3 ], [ 'tempo', 5 ], [ 'strangersTries', 4 ], [ 'window', 900 ];
}

sub takeBack {
    my ( $self, $req ) = @_;
    my ( $who, $place ) = $self->whoAndWhere($req);
    $self->database->do( <<'END', undef, $who, $place );
DELETE FROM attempts WHERE ctid =
    (SELECT ctid FROM attempts WHERE who = ? AND place = ? ORDER BY tried_at DESC LIMIT 1)
END
    return;
}

sub forget {
    my ( $self, $req ) = @_;
    my ( $who, $place ) = $self->whoAndWhere($req);
    $self->database->do( 'DELETE FROM attempts WHERE who = ? AND place = ?', undef, $who, $place );
    return;
}

sub whoAndWhere {
    my ( $self, $req ) = @_;
    my $who    = $self->digest( 'who', $self->canonical( $req->user // '' ) );
    my $cookie = $self->isKnown( $req, $who );
    my $place  = $cookie ? $self->digest( 'browser', $cookie ) : $self->digest( 'address', $req->address );
    return ( $who, $place, $cookie ? 0 : 1 );
}

# The alias of an album number is the user name with the mail domain; one budget for both.
sub canonical {
    my ( $self, $name ) = @_;
    my $domain = $self->setting( 'mailDomain', '' );
    $name = lc $name;
    $name =~ s/^(s[0-9]+)\@\Q$domain\E$/$1/;
    return $name;
}

sub isKnown {
    my ( $self, $req, $who ) = @_;
    my $cookie = $req->cookies->{ _cookieName($who) } or return;
    my ( $until, $nonce, $seal ) = $cookie =~ /^(\d+)-([0-9a-f]+)-([0-9a-f]+)$/ or return;
    return if $until < time or $seal ne $self->digest( 'known', $who, $until, $nonce );
    return $cookie;
}

sub remember {
    my ( $self, $req ) = @_;
    my $who   = $self->digest( 'who', $self->canonical( $req->user ) );
    my $until = time + REMEMBERED;
    my $nonce = substr $self->digest( rand, $$, time ), 0, 16;
    $req->addCookie(
        $self->p->cookie(
            name    => _cookieName($who),
            value   => join( '-', $until, $nonce, $self->digest( 'known', $who, $until, $nonce ) ),
            secure  => 1,
            max_age => REMEMBERED,
        )
    );
    return;
}

sub _cookieName { return 'known-' . substr shift, 0, 16 }

1;
