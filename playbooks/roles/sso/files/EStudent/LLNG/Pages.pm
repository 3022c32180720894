package EStudent::LLNG::Pages;

# Our own pages, in the visitor's language from the server on: one template holds them all and is told which one to show.
use strict;
use warnings;
use Mouse;
use URI;
use Lemonldap::NG::Portal::Main::Constants qw(
    PE_APACHESESSIONERROR PE_BADPARTNER PE_CAS_SERVICE_NOT_ALLOWED PE_ERROR PE_LDAPCONNECTFAILED PE_LDAPERROR
    PE_OIDC_SERVICE_NOT_ALLOWED PE_OK PE_SAML_SERVICE_NOT_ALLOWED PE_SESSIONNOTGRANTED PE_UNAUTHORIZEDPARTNER
    PE_UNAUTHORIZEDURL PE_UNKNOWNPARTNER PE_WRONGMANAGERACCOUNT
);

extends 'EStudent::LLNG::Plugin';

use constant hook => { sendHtml => 'dress' };

use constant LANGUAGES => qw(pl en);

# Pages, and the pieces that LemonLDAP::NG puts into some of them; whatever is not here is shown as it comes with it.
my %OURS = (
    ( map { $_ => 'page' } qw(login error info confirm menu redirect upgradesession) ),
    ( map { $_ => 'piece' } qw(simpleInfo samlSpsLogout samlSpLogout samlSpSoapLogout casBack2Url oidcLogout) ),
);

# LemonLDAP::NG shows what went wrong with 200, as if it were what was asked for. Here: who may not, and whose fault it is.
my %STATUS = (
    ( map { $_ => 403 } PE_BADPARTNER, PE_CAS_SERVICE_NOT_ALLOWED, PE_OIDC_SERVICE_NOT_ALLOWED, PE_SAML_SERVICE_NOT_ALLOWED,
        PE_SESSIONNOTGRANTED, PE_UNAUTHORIZEDPARTNER, PE_UNAUTHORIZEDURL, PE_UNKNOWNPARTNER ),
    ( map { $_ => 503 } PE_APACHESESSIONERROR, PE_ERROR, PE_LDAPCONNECTFAILED, PE_LDAPERROR, PE_WRONGMANAGERACCOUNT ),
);

sub dress {
    my ( $self, $req, $name, $arguments ) = @_;
    my $template = $OURS{$$name} or return PE_OK;
    $self->keepOnce($req);
    my $language = $self->language($req);
    my %page = (
        "IS_$$name"   => 1,
        EN            => $language eq 'en' ? 1 : 0,
        LANGUAGE      => $language,
        HERE          => $self->here($req),
        WARN_OF       => $req->data->{warnOf},
        WARN_ADDRESS  => $req->data->{warnOfAddress},
        DEAF          => $req->data->{deaf} || [],
        ADDRESSES     => [ map { { CODE => $_, HREF => $self->here( $req, $_ ), CURRENT => $_ eq $language } } LANGUAGES ],
        MINUTES       => $self->minutes($req),
    );
    $arguments->{code} ||= $STATUS{ $req->error } || 400 if $$name eq 'error' and ( $req->error || PE_OK ) > PE_OK;
    $arguments->{params} = { %{ $arguments->{params} || {} }, %page };
    $$name = $template;
    return PE_OK;
}

# Every form that is shown notes anew what the cookie of a begun sign-in has to keep, which would make it ever longer.
sub keepOnce {
    my ( $self, $req ) = @_;
    my $kept = $req->pdata->{keepPdata} or return;
    my %seen;
    @$kept = grep { !$seen{$_}++ } @$kept;
    return;
}

# What was chosen by a link, else what was chosen before, else what the browser asks for.
sub language {
    my ( $self, $req ) = @_;
    my $wish = $req->query_parameters->{lang} // '';
    return $self->p->getLanguage($req) unless grep { $_ eq $wish } LANGUAGES;
    unless ( $req->data->{languageKept}++ ) {
        $req->addCookie(
            $self->p->cookie( name => 'llnglanguage', value => $wish, secure => 1, max_age => 365 * 86400 ) );
    }
    return $wish;
}

# The address of this page on this host, in a language if one is given.
sub here {
    my ( $self, $req, $language ) = @_;
    my $address = URI->new( $req->env->{REQUEST_URI} || '/' );
    my @query = $address->query_form;
    my @kept;
    while ( my ( $name, $value ) = splice @query, 0, 2 ) {
        push @kept, $name, $value unless $name eq 'lang';
    }
    push @kept, lang => $language if $language;
    $address->query_form( \@kept );
    return '/' . $address->path_query =~ s{^/+}{}r;
}

# Long waits are told in minutes.
sub minutes {
    my ( $self, $req ) = @_;
    my $seconds = $req->lockTime || 0;
    return $seconds > 90 ? int( ( $seconds + 59 ) / 60 ) : 0;
}

1;
