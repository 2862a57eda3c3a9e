// A small ACME client over golang.org/x/crypto/acme, which is a library: account, order, renewal and revocation, each by
// a command. It answers challenges itself, on the ports that it is told.
package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"golang.org/x/crypto/acme"
)

type options struct {
	directory, roots, folder, challenge string
	listen, dnsHook                     string
	keyID, hmacKey                      string
	names                               []string
}

func main() {
	var o options
	flag.StringVar(&o.directory, "directory", "", "URL of the ACME directory")
	flag.StringVar(&o.roots, "roots", "", "PEM file of the roots that the directory's certificate leads to")
	flag.StringVar(&o.folder, "folder", ".", "where keys and certificates are")
	flag.StringVar(&o.challenge, "challenge", "http-01", "http-01, dns-01 or tls-alpn-01")
	flag.StringVar(&o.listen, "listen", ":80", "where http-01 or tls-alpn-01 is answered")
	flag.StringVar(&o.dnsHook, "dns-hook", "", "URL that takes {fqdn, value} at /present and /cleanup")
	flag.StringVar(&o.keyID, "eab-kid", "", "external account binding: key id")
	flag.StringVar(&o.hmacKey, "eab-hmac", "", "external account binding: key, base64url")
	flag.Parse()
	command := flag.Arg(0)
	if flag.NArg() > 1 {
		o.names = flag.Args()[1:]
	}
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	if err := run(ctx, command, o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, command string, o options) error {
	if command == "verify" {
		return verify(o)
	}
	client, err := newClient(o)
	if err != nil {
		return err
	}
	switch command {
	case "register":
		return register(ctx, client, o)
	case "issue", "renew":
		return issue(ctx, client, o)
	case "revoke", "revoke-by-key":
		return revoke(ctx, client, o, command == "revoke-by-key")
	case "rollover":
		return rollover(ctx, client, o)
	case "deactivate":
		return client.DeactivateReg(ctx)
	}
	return fmt.Errorf("no such command: %q", command)
}

func newClient(o options) (*acme.Client, error) {
	key, err := keyAt(o.folder + "/account.key")
	if err != nil {
		return nil, err
	}
	pool, err := poolOf(o.roots)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}
	return &acme.Client{Key: key, DirectoryURL: o.directory, HTTPClient: &http.Client{Transport: transport}}, nil
}

func poolOf(path string) (*x509.CertPool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, errors.New("no certificate in " + path)
	}
	return pool, nil
}

// verify is Go's opinion of a chain: a PEM file, leaf first, and the name that it must be good for.
func verify(o options) error {
	if len(o.names) != 2 {
		return errors.New("verify FILE NAME")
	}
	text, err := os.ReadFile(o.names[0])
	if err != nil {
		return err
	}
	block, rest := pem.Decode(text)
	if block == nil {
		return errors.New("no certificate in " + o.names[0])
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return err
	}
	roots, err := poolOf(o.roots)
	if err != nil {
		return err
	}
	between := x509.NewCertPool()
	between.AppendCertsFromPEM(rest)
	_, err = leaf.Verify(x509.VerifyOptions{DNSName: o.names[1], Roots: roots, Intermediates: between})
	return err
}

func register(ctx context.Context, client *acme.Client, o options) error {
	account := &acme.Account{Contact: []string{"mailto:someone@example.test"}}
	if o.keyID != "" {
		key, err := base64.RawURLEncoding.DecodeString(o.hmacKey)
		if err != nil {
			return err
		}
		account.ExternalAccountBinding = &acme.ExternalAccountBinding{KID: o.keyID, Key: key}
	}
	made, err := client.Register(ctx, account, acme.AcceptTOS)
	if err != nil {
		return err
	}
	found, err := client.GetReg(ctx, "")
	if err != nil {
		return err
	}
	if found.URI != made.URI || found.Status != acme.StatusValid {
		return fmt.Errorf("made %s, found %s (%s)", made.URI, found.URI, found.Status)
	}
	fmt.Println(made.URI)
	return nil
}

func rollover(ctx context.Context, client *acme.Client, o options) error {
	next, err := newKey()
	if err != nil {
		return err
	}
	if err := client.AccountKeyRollover(ctx, next); err != nil {
		return err
	}
	return writeKey(o.folder+"/account.key", next)
}

func issue(ctx context.Context, client *acme.Client, o options) error {
	order, err := client.AuthorizeOrder(ctx, acme.DomainIDs(o.names...))
	if err != nil {
		return err
	}
	for _, url := range order.AuthzURLs {
		if err := authorize(ctx, client, o, url); err != nil {
			return err
		}
	}
	if order, err = client.WaitOrder(ctx, order.URI); err != nil {
		return err
	}
	key, err := keyAt(o.folder + "/certificate.key")
	if err != nil {
		return err
	}
	request, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: o.names}, key)
	if err != nil {
		return err
	}
	chain, url, err := client.CreateOrderCert(ctx, order.FinalizeURL, request, true)
	if err != nil {
		return err
	}
	if alternates, err := client.ListCertAlternates(ctx, url); err == nil {
		fmt.Printf("%d alternate chains\n", len(alternates))
	}
	var text bytes.Buffer
	for _, der := range chain {
		if err := pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: der}); err != nil {
			return err
		}
	}
	return os.WriteFile(o.folder+"/fullchain.pem", text.Bytes(), 0o644)
}

func authorize(ctx context.Context, client *acme.Client, o options, url string) error {
	authorization, err := client.GetAuthorization(ctx, url)
	if err != nil || authorization.Status == acme.StatusValid {
		return err
	}
	for _, challenge := range authorization.Challenges {
		if challenge.Type != o.challenge {
			continue
		}
		stop, err := answer(client, o, authorization.Identifier.Value, challenge.Token)
		if err != nil {
			return err
		}
		defer stop()
		if _, err := client.Accept(ctx, challenge); err != nil {
			return err
		}
		_, err = client.WaitAuthorization(ctx, url)
		return err
	}
	return fmt.Errorf("no challenge %s for %s", o.challenge, authorization.Identifier.Value)
}

func answer(client *acme.Client, o options, name, token string) (func(), error) {
	switch o.challenge {
	case "http-01":
		return answerHTTP(client, o, token)
	case "dns-01":
		return answerDNS(client, o, name, token)
	case "tls-alpn-01":
		return answerTLS(client, o, name, token)
	}
	return nil, fmt.Errorf("no such challenge: %q", o.challenge)
}

func answerHTTP(client *acme.Client, o options, token string) (func(), error) {
	response, err := client.HTTP01ChallengeResponse(token)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", o.listen)
	if err != nil {
		return nil, err
	}
	path := client.HTTP01ChallengePath(token)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != path {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, response)
	})}
	go server.Serve(listener)
	return func() { server.Close() }, nil
}

func answerTLS(client *acme.Client, o options, name, token string) (func(), error) {
	certificate, err := client.TLSALPN01ChallengeCert(token, name)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{acme.ALPNProto}}
	listener, err := tls.Listen("tcp", o.listen, config)
	if err != nil {
		return nil, err
	}
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				connection.(*tls.Conn).Handshake()
				connection.Close()
			}()
		}
	}()
	return func() { listener.Close() }, nil
}

func answerDNS(client *acme.Client, o options, name, token string) (func(), error) {
	value, err := client.DNS01ChallengeRecord(token)
	if err != nil {
		return nil, err
	}
	body := fmt.Sprintf(`{"fqdn":"_acme-challenge.%s.","value":%q}`, strings.TrimPrefix(name, "*."), value)
	post := func(path string) error {
		response, err := http.Post(o.dnsHook+path, "application/json", strings.NewReader(body))
		if err == nil {
			response.Body.Close()
		}
		return err
	}
	return func() { post("/cleanup") }, post("/present")
}

func revoke(ctx context.Context, client *acme.Client, o options, byKey bool) error {
	text, err := os.ReadFile(o.folder + "/fullchain.pem")
	if err != nil {
		return err
	}
	block, _ := pem.Decode(text)
	var key crypto.Signer
	if byKey {
		if key, err = keyAt(o.folder + "/certificate.key"); err != nil {
			return err
		}
	}
	return client.RevokeCert(ctx, key, block.Bytes, acme.CRLReasonSuperseded)
}

func keyAt(path string) (crypto.Signer, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		key, err := newKey()
		if err != nil {
			return nil, err
		}
		return key, writeKey(path, key)
	}
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("no key in " + path)
	}
	return x509.ParseECPrivateKey(block.Bytes)
}

func newKey() (*ecdsa.PrivateKey, error) {
	return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
}

func writeKey(path string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), 0o600)
}
