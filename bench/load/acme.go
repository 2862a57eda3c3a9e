package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

var b64 = base64.RawURLEncoding.EncodeToString

// answers is the http-01 side of all clients.
type answers struct{ tokens sync.Map }

func newAnswers() *answers { return &answers{} }

func (a *answers) listen(port int) error {
	listener, err := net.Listen("tcp", fmt.Sprintf(":%d", port))
	if err != nil {
		return err
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := strings.TrimPrefix(r.URL.Path, "/.well-known/acme-challenge/")
		if answer, ok := a.tokens.Load(token); ok {
			w.Write([]byte(answer.(string)))
			return
		}
		http.NotFound(w, r)
	})
	go http.Serve(listener, handler)
	return nil
}

// acmeClient is one account (RFC 8555) with a connection of its own.
type acmeClient struct {
	http       *http.Client
	key        *ecdsa.PrivateKey
	leafKey    *ecdsa.PrivateKey
	jwk        map[string]string
	thumbprint string
	kid        string
	nonce      string
	ip         net.IP
	answers    *answers
	directory  struct {
		NewNonce   string `json:"newNonce"`
		NewAccount string `json:"newAccount"`
		NewOrder   string `json:"newOrder"`
	}
}

func newAcmeClient(number int, url string, transport *http.Transport, answers *answers) (*acmeClient, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	leafKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	point, _ := key.PublicKey.Bytes()
	x, y := b64(point[1:33]), b64(point[33:65])
	digest := sha256.Sum256([]byte(fmt.Sprintf(`{"crv":"P-256","kty":"EC","x":"%s","y":"%s"}`, x, y)))
	c := &acmeClient{
		http:       &http.Client{Transport: transport, Timeout: 30 * time.Second},
		key:        key,
		leafKey:    leafKey,
		jwk:        map[string]string{"kty": "EC", "crv": "P-256", "x": x, "y": y},
		thumbprint: b64(digest[:]),
		ip:         net.IPv4(127, 0, byte(1+number/250), byte(1+number%250)).To4(),
		answers:    answers,
	}
	_, body, err := whole(c.http.Get(url))
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(body, &c.directory); err != nil {
		return nil, err
	}
	response, _, err := whole(c.http.Head(c.directory.NewNonce))
	if err != nil {
		return nil, err
	}
	c.nonce = response.Header.Get("Replay-Nonce")
	account := map[string]any{"termsOfServiceAgreed": true, "contact": []string{fmt.Sprintf("mailto:load-%d@example.com", number)}}
	response, _, err = c.post(c.directory.NewAccount, account)
	if err != nil {
		return nil, err
	}
	c.kid = response.Header.Get("Location")
	return c, nil
}

type order struct {
	Status         string   `json:"status"`
	Authorizations []string `json:"authorizations"`
	Finalize       string   `json:"finalize"`
	Certificate    string   `json:"certificate"`
	Error          json.RawMessage
}

// once runs one order from newOrder to the certificate.
func (c *acmeClient) once(int) error {
	identifiers := []map[string]string{{"type": "ip", "value": c.ip.String()}}
	response, body, err := c.post(c.directory.NewOrder, map[string]any{"identifiers": identifiers})
	if err != nil {
		return err
	}
	var o order
	if err := json.Unmarshal(body, &o); err != nil {
		return err
	}
	at := response.Header.Get("Location")
	for _, url := range o.Authorizations {
		if err := c.authorize(url); err != nil {
			return err
		}
	}
	request, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{IPAddresses: []net.IP{c.ip}}, c.leafKey)
	if err != nil {
		return err
	}
	if _, body, err = c.post(o.Finalize, map[string]string{"csr": b64(request)}); err != nil {
		return err
	}
	for wait := time.Millisecond; ; wait = min(2*wait, 20*time.Millisecond) {
		o = order{}
		if err := json.Unmarshal(body, &o); err != nil {
			return err
		}
		if o.Status == "valid" && o.Certificate != "" {
			break
		}
		if o.Status == "invalid" {
			return fmt.Errorf("the order is invalid: %s", o.Error)
		}
		time.Sleep(wait)
		if _, body, err = c.post(at, nil); err != nil {
			return err
		}
	}
	_, body, err = c.post(o.Certificate, nil)
	if err == nil && !bytes.HasPrefix(body, []byte("-----BEGIN CERTIFICATE-----")) {
		err = errors.New("that is no certificate")
	}
	return err
}

type authorization struct {
	Status     string `json:"status"`
	Challenges []struct {
		Type  string `json:"type"`
		URL   string `json:"url"`
		Token string `json:"token"`
	} `json:"challenges"`
}

func (c *acmeClient) authorize(url string) error {
	var a authorization
	_, body, err := c.post(url, nil)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, &a); err != nil {
		return err
	}
	// Pebble now and then takes an authorization of an earlier order.
	if a.Status == "valid" {
		return nil
	}
	for _, challenge := range a.Challenges {
		if challenge.Type != "http-01" {
			continue
		}
		c.answers.tokens.Store(challenge.Token, challenge.Token+"."+c.thumbprint)
		defer c.answers.tokens.Delete(challenge.Token)
		if _, _, err := c.post(challenge.URL, struct{}{}); err != nil {
			return err
		}
		break
	}
	for wait := 2 * time.Millisecond; ; wait = min(2*wait, 20*time.Millisecond) {
		time.Sleep(wait)
		if _, body, err = c.post(url, nil); err != nil {
			return err
		}
		a = authorization{}
		if err := json.Unmarshal(body, &a); err != nil {
			return err
		}
		if a.Status == "valid" {
			return nil
		}
		if a.Status != "pending" && a.Status != "processing" {
			return fmt.Errorf("the authorization is %s: %s", a.Status, body)
		}
	}
}

// post sends a signed request (RFC 8555 section 6.2); without a payload it is a POST-as-GET.
func (c *acmeClient) post(url string, payload any) (*http.Response, []byte, error) {
	header := map[string]any{"alg": "ES256", "nonce": c.nonce, "url": url}
	if c.kid == "" {
		header["jwk"] = c.jwk
	} else {
		header["kid"] = c.kid
	}
	text, _ := json.Marshal(header)
	protected, content := b64(text), ""
	if payload != nil {
		text, _ = json.Marshal(payload)
		content = b64(text)
	}
	digest := sha256.Sum256([]byte(protected + "." + content))
	r, s, err := ecdsa.Sign(rand.Reader, c.key, digest[:])
	if err != nil {
		return nil, nil, err
	}
	var signature [64]byte
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	text, _ = json.Marshal(map[string]string{"protected": protected, "payload": content, "signature": b64(signature[:])})
	response, body, err := whole(c.http.Post(url, "application/jose+json", bytes.NewReader(text)))
	if response != nil {
		if nonce := response.Header.Get("Replay-Nonce"); nonce != "" {
			c.nonce = nonce
		}
	}
	return response, body, err
}
