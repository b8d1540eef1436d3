import { describe, expect, test } from '@jest/globals';
import { proxyFor } from './proxy.ts';

const proxies = { HTTPS_PROXY: 'http://secure.proxy:3128', HTTP_PROXY: 'http://plain.proxy:3128' };

describe('which proxy', () => {
  test.each([
    { url: 'https://api.example.com/v2', env: proxies, proxy: 'http://secure.proxy:3128/' },
    { url: 'http://api.example.com/v2', env: proxies, proxy: 'http://plain.proxy:3128/' },
    { url: 'wss://api.example.com/v2', env: proxies, proxy: undefined },
    { url: 'https://api.example.com', env: {}, proxy: undefined },
    { url: 'https://api.example.com', env: { HTTP_PROXY: 'http://p' }, proxy: undefined },
    { url: 'https://api.example.com', env: { https_proxy: 'http://lower' }, proxy: 'http://lower/' },
    {
      url: 'https://api.example.com',
      env: { HTTPS_PROXY: 'http://upper', https_proxy: 'http://lower' },
      proxy: 'http://upper/',
    },
    { url: 'https://api.example.com', env: { HTTPS_PROXY: '', https_proxy: 'http://lower' }, proxy: 'http://lower/' },
    { url: 'http://api.example.com', env: { http_proxy: 'plain.proxy:3128' }, proxy: 'http://plain.proxy:3128/' },
    { url: 'https://x.com', env: { HTTPS_PROXY: 'https://u:p@proxy:443' }, proxy: 'https://u:p@proxy/' },
    { url: 'https://x.com', env: { HTTPS_PROXY: 'socks5://proxy:1080' }, proxy: 'socks5://proxy:1080' },
    { url: 'https://x.com', env: { HTTPS_PROXY: 'http://:bad port' }, proxy: undefined },
  ])('$url with $env', ({ url, env, proxy }) => {
    expect(proxyFor(new URL(url), env)?.href).toBe(proxy);
  });
});

// The table of golang.org/x/net/http/httpproxy (TestUseProxy), and cases of our own below it.
const goTable =
  'foobar.com, .barbaz.net, *.quux.net, 192.168.1.1, 192.168.1.2:81, 192.168.1.3:80, 10.0.0.0/30, 2001:db8::52:0:1, [2001:db8::52:0:2]:443, [2001:db8::52:0:3]:80, 2002:db8:a::45/64';

describe('without a proxy because of NO_PROXY', () => {
  test.each([
    { host: 'localhost', direct: true },
    { host: '127.0.0.1', direct: true },
    { host: '127.0.0.2', direct: true },
    { host: '[::1]', direct: true },
    { host: '[::2]', direct: false },
    { host: 'sub.localhost', direct: false },
    { host: '192.168.1.1', direct: true },
    { host: '192.168.1.2', direct: false },
    { host: '192.168.1.2:81', direct: true },
    { host: '192.168.1.3', direct: true },
    { host: '192.168.1.4', direct: false },
    { host: '10.0.0.2', direct: true },
    { host: '10.0.0.4', direct: false },
    { host: '[2001:db8::52:0:1]', direct: true },
    { host: '[2001:db8::52:0:2]', direct: false },
    { host: '[2001:db8::52:0:2]:443', direct: true },
    { host: '[2001:db8::52:0:3]', direct: true },
    { host: '[2002:db8:a::123]', direct: true },
    { host: '[fe80::424b:c8be:1643:a1b6]', direct: false },
    { host: 'barbaz.net', direct: false },
    { host: 'www.barbaz.net', direct: true },
    { host: 'foobar.com', direct: true },
    { host: 'www.foobar.com', direct: true },
    { host: 'foofoobar.com', direct: false },
    { host: 'baz.com', direct: false },
    { host: 'localhost.net', direct: false },
    { host: 'local.localhost', direct: false },
    { host: 'barbarbaz.net', direct: false },
    { host: 'quux.net', direct: false },
    { host: 'www.quux.net', direct: true },
    { host: '[::ffff:10.0.0.1]', direct: true },
    { host: '[::ffff:127.0.0.1]', direct: true },
  ])("Go's list: http://$host is direct: $direct", ({ host, direct }) => {
    expect(proxyFor(new URL(`http://${host}/`), { ...proxies, NO_PROXY: goTable }) === undefined).toBe(direct);
  });

  test.each([
    { noProxy: '*', url: 'https://anything.example', direct: true },
    { noProxy: 'a.com,*', url: 'https://anything.example', direct: true },
    { noProxy: '', url: 'https://a.com', direct: false },
    { noProxy: ' , ,', url: 'https://a.com', direct: false },
    { noProxy: 'A.com', url: 'https://a.COM', direct: true },
    { noProxy: 'a.com:443', url: 'https://a.com', direct: true },
    { noProxy: 'a.com:80', url: 'https://a.com', direct: false },
    { noProxy: 'a.com:6443', url: 'https://b.a.com:6443', direct: true },
    { noProxy: ':443', url: 'https://a.com', direct: false },
    { noProxy: '10.0.0.0/8', url: 'https://10.1.2.3', direct: true },
    { noProxy: '10.0.0.0/33', url: 'https://10.1.2.3', direct: false },
    { noProxy: '10.0.0.0/8/8', url: 'https://10.1.2.3', direct: false },
    { noProxy: '10.0.0.0/8', url: 'https://10.example', direct: false },
    { noProxy: '0.0.0.0/0', url: 'https://10.1.2.3', direct: true },
    { noProxy: 'fd00::/8', url: 'https://[fd12::1]', direct: true },
    { noProxy: 'fd00::/8', url: 'https://10.1.2.3', direct: false },
    { noProxy: '[fd12::1]', url: 'https://[fd12::1]:6443', direct: true },
    { noProxy: '.svc,.cluster.local', url: 'https://kubernetes.default.svc', direct: true },
  ])('NO_PROXY=$noProxy: $url is direct: $direct', ({ noProxy, url, direct }) => {
    for (const name of ['NO_PROXY', 'no_proxy']) {
      expect(proxyFor(new URL(url), { ...proxies, [name]: noProxy }) === undefined).toBe(direct);
    }
  });
});
