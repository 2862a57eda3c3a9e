// A small program over lego 5, the library whose calls these are in Traefik too (pkg/provider/acme): register with a
// binding, obtain by http-01 or tls-alpn-01, renew, renew when renewal information says so, revoke, change the key.
package main

import (
	"context"
	"crypto"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/go-acme/lego/v5/acme"
	"github.com/go-acme/lego/v5/acme/api"
	"github.com/go-acme/lego/v5/certcrypto"
	"github.com/go-acme/lego/v5/certificate"
	"github.com/go-acme/lego/v5/challenge/http01"
	"github.com/go-acme/lego/v5/challenge/tlsalpn01"
	"github.com/go-acme/lego/v5/lego"
	"github.com/go-acme/lego/v5/registration"
)

type user struct {
	key          crypto.Signer
	registration *acme.ExtendedAccount
}

func (u *user) GetEmail() string                       { return "admin@example.test" }
func (u *user) GetRegistration() *acme.ExtendedAccount { return u.registration }
func (u *user) GetPrivateKey() crypto.Signer           { return u.key }

const (
	keyFile   = "account.key"
	chainFile = "fullchain.pem"
	leafKey   = "certificate.key"
)

var (
	directory = flag.String("directory", "", "URL of the ACME directory; LEGO_CA_CERTIFICATES names the roots")
	httpPort  = flag.String("http-port", "80", "")
	tlsPort   = flag.String("tls-port", "", "answers tls-alpn-01 there in the place of http-01")
	keyID     = flag.String("eab-kid", "", "")
	hmacKey   = flag.String("eab-hmac", "", "")
	profile   = flag.String("profile", "", "")
)

func main() {
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	if err := run(ctx, flag.Arg(0), flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, command string, args []string) error {
	client, err := open(ctx, command == "register")
	if err != nil {
		return err
	}
	switch command {
	case "register":
		options := registration.RegisterEABOptions{TermsOfServiceAgreed: true, Kid: *keyID, HmacEncoded: *hmacKey}
		_, err := client.Registration.RegisterWithExternalAccountBinding(ctx, options)
		return err
	case "obtain":
		request := certificate.ObtainRequest{Domains: args[1:], Bundle: true, KeyType: certcrypto.EC256, Profile: *profile}
		return obtain(ctx, client, request)
	case "renew":
		return renew(ctx, client)
	case "renew-if-due":
		return renewIfDue(ctx, client)
	case "revoke":
		chain, err := os.ReadFile(chainFile)
		if err != nil {
			return err
		}
		reason := acme.CRLReasonSuperseded
		return client.Certificate.RevokeWithReason(ctx, chain, &reason)
	case "rollover":
		return rollover(ctx, client)
	case "deactivate":
		return client.Registration.DeleteRegistration(ctx)
	}
	return fmt.Errorf("no such command: %q", command)
}

func open(ctx context.Context, fresh bool) (*lego.Client, error) {
	key, err := accountKey(fresh)
	if err != nil {
		return nil, err
	}
	u := &user{key: key}
	config := lego.NewConfig(u)
	config.CADirURL = *directory
	client, err := lego.NewClient(config)
	if err != nil {
		return nil, err
	}
	if !fresh {
		if u.registration, err = client.Registration.ResolveAccountByKey(ctx); err != nil {
			return nil, err
		}
		if client, err = lego.NewClient(config); err != nil {
			return nil, err
		}
	}
	if *tlsPort != "" {
		return client, client.Challenge.SetTLSALPN01Provider(tlsalpn01.NewProviderServer("127.0.0.1", *tlsPort))
	}
	return client, client.Challenge.SetHTTP01Provider(http01.NewProviderServer("127.0.0.1", *httpPort))
}

func obtain(ctx context.Context, client *lego.Client, request certificate.ObtainRequest) error {
	made, err := client.Certificate.Obtain(ctx, request)
	if err != nil {
		return err
	}
	return keep(made)
}

func renew(ctx context.Context, client *lego.Client) error {
	chain, err := os.ReadFile(chainFile)
	if err != nil {
		return err
	}
	key, err := os.ReadFile(leafKey)
	if err != nil {
		return err
	}
	old := certificate.Resource{Certificate: chain, PrivateKey: key, KeyType: certcrypto.EC256}
	made, err := client.Certificate.Renew(ctx, old, &certificate.RenewOptions{Bundle: true})
	if err != nil {
		return err
	}
	return keep(made)
}

func renewIfDue(ctx context.Context, client *lego.Client) error {
	chain, err := os.ReadFile(chainFile)
	if err != nil {
		return err
	}
	certificates, err := certcrypto.ParsePEMBundle(chain)
	if err != nil {
		return err
	}
	information, err := client.Certificate.GetRenewalInfo(ctx, certificates[0])
	if err != nil {
		return err
	}
	if information.ShouldRenewAt(time.Now(), 0) == nil {
		fmt.Println("not due")
		return nil
	}
	id, err := api.MakeARICertID(certificates[0])
	if err != nil {
		return err
	}
	request := certificate.ObtainRequest{Domains: certificates[0].DNSNames, Bundle: true, KeyType: certcrypto.EC256, ReplacesCertID: id}
	return obtain(ctx, client, request)
}

func rollover(ctx context.Context, client *lego.Client) error {
	next, err := certcrypto.GeneratePrivateKey(certcrypto.EC256)
	if err != nil {
		return err
	}
	if err := client.Registration.KeyRollover(ctx, next); err != nil {
		return err
	}
	return writeKey(next)
}

func keep(made *certificate.Resource) error {
	if err := os.WriteFile(leafKey, made.PrivateKey, 0o600); err != nil {
		return err
	}
	return os.WriteFile(chainFile, made.Certificate, 0o644)
}

func accountKey(fresh bool) (crypto.Signer, error) {
	if fresh {
		key, err := certcrypto.GeneratePrivateKey(certcrypto.EC256)
		if err != nil {
			return nil, err
		}
		return key, writeKey(key)
	}
	text, err := os.ReadFile(keyFile)
	if err != nil {
		return nil, err
	}
	return certcrypto.ParsePEMPrivateKey(text)
}

func writeKey(key crypto.Signer) error {
	block := certcrypto.PEMBlock(key)
	if block == nil {
		return errors.New("a key that has no PEM form")
	}
	return os.WriteFile(keyFile, pem.EncodeToMemory(block), 0o600)
}
