package EStudent::LLNG::Cas;

# What LemonLDAP::NG's CAS server lacks: the option to be warned, XML-safe attributes, and a logout that is told to the
# services by this server itself.
use strict;
use warnings;
use Mouse;
use Lemonldap::NG::Common::UserAgent;
use Lemonldap::NG::Portal::Main::Constants qw(PE_OK PE_CONFIRM PE_INFO PE_ERROR);

extends 'EStudent::LLNG::Plugin';

use constant betweenAuthAndData => 'rememberWarn';
use constant beforeLogout       => 'tellServices';
use constant hook               => {
    casGotRequest               => 'warnFirst',
    casGenerateValidateResponse => 'answerSafely',
};

use constant PATIENCE => 3;    # seconds for one service to take note of a logout

# Runs only when a password was typed.
sub rememberWarn {
    my ( $self, $req ) = @_;
    $req->data->{justTyped} = 1;
    $req->sessionInfo->{_warn} = 1 if $req->param('warn');
    return PE_OK;
}

# Whoever wants to be warned agrees to every service but the one for which the password was typed.
sub warnFirst {
    my ( $self, $req, $cas ) = @_;
    my $session = $req->sessionInfo;
    my $service = $cas->{service};
    return PE_OK unless $service and $session and $session->{_warn} and not $req->data->{justTyped};

    my $stamp   = $self->digest( 'warn', $session->{_session_id}, $service );
    my $answer  = $req->param('confirm') // '';
    my $refused = $answer =~ /^-/;
    my $agreed  = $req->method eq 'POST' && !$refused && ( $req->param('agreed') // '' ) eq $stamp;
    return PE_OK if $agreed;

    $req->data->{activeTimer}    = 0;
    $req->data->{warnOf}         = $self->nameOf($service);
    $req->data->{warnOfAddress}  = $service =~ s/[?#].*//sr;
    $self->p->setHiddenFormValue( $req, agreed => $stamp, '', 0 );
    $req->info(' ');
    return $refused ? PE_INFO : PE_CONFIRM;
}

# A value with markup in it, such as a name that a person chose, must not become elements of the answer. References
# (&lt;) would be cut in two, since several values are joined by "; ".
sub answerSafely {
    my ( $self, $req, $user, $attributes ) = @_;
    return PE_ERROR if !defined $user or $user =~ /[<>&\x00-\x1f]/ or $user eq '';
    my $between = $self->conf->{multiValuesSeparator};
    for my $value ( grep { defined && /[<>&\x00-\x1f]/ } values %{ $attributes || {} } ) {
        $value = join $between, map { _literal($_) } split /\Q$between\E/, $value;
    }
    $self->noteTicket($req);
    return PE_OK;
}

sub _literal {
    my ($text) = @_;
    $text =~ s/[\x00-\x08\x0b\x0c\x0e-\x1f]//g;    # forbidden in XML 1.0 in whatever form
    return $text unless $text =~ /[<>&]/;
    $text =~ s/\]\]>/]]]]><![CDATA[>/g;
    return "<![CDATA[$text]]>";
}

# Every ticket that a service has taken is told to it at logout; a session may have several for one service.
sub noteTicket {
    my ( $self, $req ) = @_;
    my $database = $self->database;
    $database->do( 'DELETE FROM cas_tickets WHERE taken_at < now() - make_interval(secs => ?)',
        undef, $self->conf->{timeout} );
    $database->do(
        'INSERT INTO cas_tickets (session, service, ticket) VALUES (?, ?, ?)',
        undef,
        $self->digest( 'session', $req->sessionInfo->{_session_id} ),
        scalar $req->param('service'),
        scalar $req->param('ticket')
    );
    return;
}

sub tellServices {
    my ( $self, $req ) = @_;
    my $session = $req->sessionInfo->{_session_id} || $req->id or return PE_OK;
    my $tickets = $self->database->selectall_arrayref(
        'DELETE FROM cas_tickets WHERE session = ? RETURNING service, ticket',
        { Slice => {} }, $self->digest( 'session', $session )
    );
    my %deaf;
    for my $each (@$tickets) {
        my $name = $self->nameOf( $each->{service} );
        $deaf{$name} = 1 unless !$deaf{$name} && $self->tell( @{$each}{qw(service ticket)} );
    }
    $req->data->{deaf} = [ map { { NAME => $_ } } sort keys %deaf ];
    return PE_OK;
}

sub tell {
    my ( $self, $service, $ticket ) = @_;
    my $agent  = $self->{agent} //= $self->_agent;
    my $answer = $agent->post( $service, { logoutRequest => _logoutRequest($ticket) } );
    return 1 if $answer->is_success or $answer->is_redirect;
    $self->logger->warn( 'A service was not told of a logout: ' . $self->nameOf($service) . ': ' . $answer->code );
    return 0;
}

sub _agent {
    my ($self) = @_;
    my $agent = Lemonldap::NG::Common::UserAgent->new( $self->conf );
    $agent->timeout(PATIENCE);
    $agent->max_redirect(0);
    return $agent;
}

# CAS protocol 3.0, appendix C.
sub _logoutRequest {
    my ($ticket) = @_;
    my @now = gmtime;
    my $time = sprintf '%04d-%02d-%02dT%02d:%02d:%02dZ', $now[5] + 1900, $now[4] + 1, @now[ 3, 2, 1, 0 ];
    return
        '<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"'
      . qq{ ID="LR-$ticket" Version="2.0" IssueInstant="$time">}
      . '<saml:NameID xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">@NOT_USED@</saml:NameID>'
      . "<samlp:SessionIndex>$ticket</samlp:SessionIndex></samlp:LogoutRequest>";
}

sub nameOf {
    my ( $self, $service ) = @_;
    my $apps = $self->conf->{casAppMetaDataOptions};
    for my $app ( sort keys %$apps ) {
        for my $address ( split ' ', $apps->{$app}->{casAppMetaDataOptionsService} ) {
            return $apps->{$app}->{casAppMetaDataOptionsDisplayName} || $app if index( $service, $address ) == 0;
        }
    }
    return $service =~ m{^https?://([^/]+)} ? $1 : 'CAS';
}

1;
