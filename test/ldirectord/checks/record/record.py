#!/usr/bin/env python3
"""What ldirectord 4.12 sends for each service, and whether it then counts the server as up.

Needs root, util-linux, iproute2 and the Debian package ldirectord with the Perl modules of the services. Run as
    unshare -n -m -u python3 record.py > ../recorded.json
One scripted server a case on 127.0.0.1 and one round of the original; nothing leaves the namespace.
"""
import hashlib, json, os, re, shutil, signal, socket, struct, subprocess, sys, tempfile, threading, time

PLAIN = {'login': 'alice', 'passwd': 'secret'}


class Case:
    def __init__(self, name, service, talk, settings=(), protocol='tcp', request=None, receive=None):
        self.name, self.service, self.talk = name, service, talk
        self.settings, self.protocol = dict(settings), protocol
        self.request, self.receive = request, receive
        self.sent, self.port, self.bound = [], 0, None


def lines(greeting, replies, default='500 what\r\n'):
    """A server of lines: a greeting, then the reply of the first pattern that a line matches; None closes."""
    def talk(case, connection, heard):
        connection.sendall(greeting.encode('latin1'))
        pending = b''
        while True:
            data = connection.recv(4096)
            if not data:
                return
            heard.append(data)
            pending += data
            while b'\n' in pending:
                line, pending = pending.split(b'\n', 1)
                text = line.rstrip(b'\r').decode('latin1')
                for pattern, reply in replies:
                    found = re.match(pattern, text, re.I)
                    if found:
                        if callable(reply):
                            reply = reply(case, found)
                        if reply is None:
                            return
                        connection.sendall(reply.encode('latin1'))
                        break
                else:
                    connection.sendall(default.encode('latin1'))
    return talk


def once(reply):
    """Answers the first data and closes."""
    def talk(case, connection, heard):
        data = connection.recv(65536)
        heard.append(data)
        connection.sendall(reply(data) if callable(reply) else reply)
        connection.settimeout(1)
        try:
            while True:
                more = connection.recv(65536)
                if not more:
                    return
                heard.append(more)
        except OSError:
            return
    return talk


def ldap(entries, bind_code=0):
    def talk(case, connection, heard):
        while True:
            data = connection.recv(65536)
            if not data:
                return
            heard.append(data)
            number, operation = data[4], data[5]
            if operation == 0x60:
                connection.sendall(bytes([0x30, 12, 2, 1, number, 0x61, 7, 10, 1, bind_code, 4, 0, 4, 0]))
            elif operation == 0x63:
                for name in entries:
                    dn = name.encode()
                    body = bytes([4, len(dn)]) + dn + b'\x30\x00'
                    connection.sendall(bytes([0x30, len(body) + 5, 2, 1, number, 0x64, len(body)]) + body)
                connection.sendall(bytes([0x30, 12, 2, 1, number, 0x65, 7, 10, 1, 0, 4, 0, 4, 0]))
    return talk


def dns(answers, rcode=0):
    def reply(query):
        end = query.index(b'\0', 12) + 5
        question = query[12:end]
        body = b''
        for kind, data in answers:
            body += b'\xc0\x0c' + struct.pack('>HHIH', kind, 1, 60, len(data)) + data
        return query[:2] + struct.pack('>HHHHH', 0x8180 | rcode, 1, len(answers), 0, 0) + question + body
    return reply


def over_tcp(reply):
    def framed(data):
        answer = reply(data[2:])
        return struct.pack('>H', len(answer)) + answer
    return framed


def radius(code, secret=b'sesame'):
    def reply(request):
        head = struct.pack('>BBH', code, request[1], 20)
        return head + hashlib.md5(head + request[4:20] + secret).digest()
    return reply


def retr(content):
    """PASV opens a data port that RETR writes to, PORT names one of the client."""
    def pasv(case, _found):
        listener = socket.create_server(('127.0.0.1', 0))
        case.data = listener
        port = listener.getsockname()[1]
        return '227 Entering Passive Mode (127,0,0,1,%d,%d).\r\n' % (port >> 8, port & 255)

    def port(case, found):
        case.data = (found[1].replace(',', '.'), int(found[2]) * 256 + int(found[3]))
        return '200 ok\r\n'

    def deliver(case, _found):
        active = isinstance(case.data, tuple)
        connection = socket.create_connection(case.data) if active else case.data.accept()[0]
        connection.sendall(content)
        connection.close()
        return '150 here\r\n226 done\r\n'
    return pasv, port, deliver


def ftp(content, greeting='220 ready\r\n', login='230 in\r\n'):
    pasv, port, deliver = retr(content)
    return lines(greeting, [
        ('USER', '331 password\r\n'), ('PASS', login), ('CWD', '250 ok\r\n'), ('TYPE', '200 ok\r\n'),
        ('PASV', pasv), (r'PORT (\d+,\d+,\d+,\d+),(\d+),(\d+)', port), ('RETR', deliver), ('QUIT', '221 bye\r\n'), ('ALLO', '202 no\r\n')])


SMTP = [('EHLO', '250-mail\r\n250 SIZE\r\n'), ('HELO', '250 mail\r\n'), ('QUIT', '221 bye\r\n')]
OLD_SMTP = [('EHLO', '502 no\r\n'), ('HELO', '250 mail\r\n'), ('QUIT', '221 bye\r\n')]
POP = [('CAPA', '+OK\r\nUSER\r\n.\r\n'), ('USER', '+OK\r\n'), ('PASS', '+OK in\r\n'), ('APOP', '+OK in\r\n'),
       ('STAT', '+OK 0 0\r\n'), ('NOOP', '+OK\r\n'), ('QUIT', '+OK bye\r\n')]
NO_POP = [('CAPA', '-ERR\r\n'), ('USER', '+OK\r\n'), ('PASS', '-ERR wrong\r\n'), ('QUIT', '+OK bye\r\n')]


def imap(login):
    return lines('* OK ready\r\n', [
        (r'(\S+) LOGIN', lambda _case, found: found[1] + ' ' + login + '\r\n'),
        (r'(\S+) LOGOUT', lambda _case, found: '* BYE\r\n' + found[1] + ' OK\r\n'),
        (r'(\S+) (\S+)', lambda _case, found: found[1] + ' OK\r\n')])


def a(*numbers):
    return (1, bytes(numbers))


PTR = (12, b'\x04mail\x07example\x03org\0')
AAAA = (28, bytes(15) + b'\1')
SIP_OK = b'SIP/2.0 200 OK\r\nVia: x\r\nContent-Length: 0\r\n\r\n'

CASES = [
    Case('smtp', 'smtp', lines('220 mail ESMTP\r\n', SMTP)),
    Case('smtp-several-lines', 'smtp', lines('220-mail\r\n220 ESMTP\r\n', SMTP)),
    Case('smtp-without-ehlo', 'smtp', lines('220 mail\r\n', OLD_SMTP)),
    Case('smtp-554', 'smtp', lines('554 go away\r\n', SMTP)),
    Case('smtp-refuses-both', 'smtp', lines('220 mail\r\n', [('QUIT', '221\r\n')])),
    Case('smtp-busy-then-quit', 'smtp', lines('421 busy\r\n', SMTP)),
    Case('submission', 'submission', lines('220 mail ESMTP\r\n', SMTP)),
    Case('pop-login', 'pop', lines('+OK ready\r\n', POP), PLAIN),
    Case('pop-login-wrong', 'pop', lines('+OK ready\r\n', NO_POP), PLAIN),
    Case('pop-apop', 'pop', lines('+OK ready <1896.697170952@x>\r\n', POP), PLAIN),
    Case('pop-apop-refused', 'pop', lines('+OK ready <1896.697170952@x>\r\n', [('APOP', '-ERR no\r\n')] + POP), PLAIN),
    Case('pop-no-login', 'pop', lines('+OK ready\r\n', POP)),
    Case('pop-no-login-refusing', 'pop', lines('-ERR go away\r\n', POP)),
    Case('imap-login', 'imap', imap('OK in'), PLAIN),
    Case('imap-login-odd-password', 'imap', imap('OK in'), {'login': 'alice', 'passwd': 'se cret'}),
    Case('imap-login-wrong', 'imap', imap('NO wrong'), PLAIN),
    Case('imap-no-login', 'imap', imap('OK in')),
    Case('imap-bye', 'imap', lines('* BYE full\r\n', [])),
    Case('imap-preauth', 'imap', lines('* PREAUTH hi\r\n', [(r'(\S+) (\S+)', lambda _c, f: f[1] + ' OK\r\n')])),
    Case('nntp', 'nntp', lines('200 news\r\n', [])),
    Case('nntp-no-posting', 'nntp', lines('201 news\r\n', [])),
    Case('nntp-refusing', 'nntp', lines('502 no\r\n', [])),
    Case('ftp-file', 'ftp', ftp(b'all is well\n'), request='/pub/check', receive='is.w'),
    Case('ftp-wrong-file', 'ftp', ftp(b'sorry\n'), request='/pub/check', receive='is.w'),
    Case('ftp-login-set', 'ftp', ftp(b'all is well\n'), PLAIN, request='check', receive='well'),
    Case('ftp-wrong-password', 'ftp', ftp(b'x', login='530 no\r\n'), PLAIN, request='check', receive='x'),
    Case('ftp-no-receive', 'ftp', ftp(b'x')),
    Case('ftp-no-receive-421', 'ftp', ftp(b'x', greeting='421 busy\r\n')),
    Case('ldap-anonymous', 'ldap', ldap(['']), request=''),
    Case('ldap-base', 'ldap', ldap(['dc=example,dc=org']), request='dc=example,dc=org', receive='dc=example'),
    Case('ldap-login', 'ldap', ldap(['dc=example,dc=org']), {'login': 'cn=alice', 'passwd': 'secret'},
         request='dc=example,dc=org'),
    Case('ldap-login-only', 'ldap', ldap(['dc=example,dc=org']), {'login': 'cn=alice'}, request='dc=example,dc=org'),
    Case('ldap-wrong-dn', 'ldap', ldap(['dc=other']), request='dc=example,dc=org', receive='dc=example'),
    Case('ldap-no-entry', 'ldap', ldap([]), request='dc=example,dc=org'),
    Case('ldap-two-entries', 'ldap', ldap(['dc=a', 'dc=b']), request='dc=a'),
    Case('ldap-bind-refused', 'ldap', ldap([''], 49), request='dc=a'),
    Case('dns-a-udp', 'dns', dns([a(192, 0, 2, 7)]), protocol='udp', request='www.example.org', receive='192.0.2.7'),
    Case('dns-a-tcp', 'dns', once(over_tcp(dns([a(192, 0, 2, 7)]))), request='www.example.org', receive='192'),
    Case('dns-ptr', 'dns', dns([PTR]), protocol='udp', request='192.0.2.7', receive='mail.example'),
    Case('dns-ptr6', 'dns', dns([PTR]), protocol='udp', request='2001:db8::7', receive='mail.example'),
    Case('dns-two-answers', 'dns', dns([a(192, 0, 2, 6), a(192, 0, 2, 7)]), protocol='udp',
         request='www.example.org', receive='2.7$'),
    Case('dns-aaaa', 'dns', dns([AAAA]), protocol='udp', request='www.example.org', receive='1'),
    Case('dns-no-receive', 'dns', dns([a(192, 0, 2, 7)]), protocol='udp', request='www.example.org'),
    Case('dns-nxdomain', 'dns', dns([], 3), protocol='udp', request='www.example.org', receive='.'),
    Case('dns-servfail-with-answer', 'dns', dns([a(192, 0, 2, 7)], 2), protocol='udp', request='www.example.org',
         receive='192'),
    Case('sip-tcp', 'sip', once(SIP_OK)),
    Case('sip-udp', 'sip', lambda _query: SIP_OK, protocol='udp'),
    Case('sip-login', 'sip', once(SIP_OK), {'login': 'ping@example.org'}),
    Case('sip-404', 'sip', once(SIP_OK.replace(b'200 OK', b'404 Not Found'))),
    Case('sip-first-line-only', 'sip', once(b'SIP/2.0 200 OK\r\n')),
    Case('simpletcp', 'simpletcp', once(b'hello\nPONG 1\n'), request='PING\\n', receive='^PONG'),
    Case('simpletcp-wrong', 'simpletcp', once(b'hello\nno\n'), request='PING\\n', receive='^PONG'),
    Case('simpletcp-no-newline', 'simpletcp', once(b'PONG'), request='/x', receive='PONG'),
    Case('simpletcp-across-lines', 'simpletcp', once(b'a\nb\n'), request='x', receive='a.*b'),
    Case('simpletcp-no-receive', 'simpletcp', once(b'\n'), request='x'),
    Case('simpletcp-no-receive-nothing-said', 'simpletcp', once(b''), request='x'),
    Case('simpletcp-udp', 'simpletcp', lambda _query: b'PONG\n', protocol='udp', request='x', receive='PONG'),
    Case('radius', 'radius', radius(2), dict(PLAIN, secret='sesame'), protocol='udp'),
    Case('radius-reject', 'radius', radius(3), dict(PLAIN, secret='sesame'), protocol='udp'),
    Case('radius-wrong-secret', 'radius', radius(2, b'other'), dict(PLAIN, secret='sesame'), protocol='udp'),
    Case('radius-long-password', 'radius', radius(2), {'login': 'alice', 'passwd': 'p' * 20, 'secret': 'sesame'},
         protocol='udp'),
    Case('http_proxy', 'http_proxy', once(b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK'),
         request='http://www.example.org/x?a b', receive='OK'),
    Case('http_proxy-path', 'http_proxy', once(b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK'), request='/x'),
    Case('http_proxy-virtualhost', 'http_proxy', once(b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK'),
         {'virtualhost': 'v.example.org'}, request='http://www.example.org/'),
]


def serve_tcp(case):
    def one():
        while True:
            try:
                connection, _ = case.bound.accept()
            except OSError:
                return
            heard = []
            case.sent.append(heard)
            connection.settimeout(8)
            try:
                case.talk(case, connection, heard)
            except OSError:
                pass
            finally:
                connection.close()
    threading.Thread(target=one, daemon=True).start()


def serve_udp(case):
    def one():
        while True:
            data, peer = case.bound.recvfrom(65536)
            case.sent.append([data])
            case.bound.sendto(case.talk(data), peer)
    threading.Thread(target=one, daemon=True).start()


def section(number, case):
    text = ['virtual=127.0.2.%d:%d' % (number, case.port), '\treal=%s:%d masq' % (case.address, case.port),
            '\tservice=%s' % case.service, '\tscheduler=rr', '\tprotocol=%s' % case.protocol,
            '\tchecktype=negotiate', '\tnegotiatetimeout=3', '\tchecktimeout=3', '\tfailurecount=1',
            '\tmonitorfile="%s"' % case.monitor]
    for name, value in case.settings.items():
        text.append('\t%s=%s' % (name, value) if name == 'virtualhost' else '\t%s="%s"' % (name, value))
    for name in ('request', 'receive'):
        value = getattr(case, name)
        if value:
            text.append('\t%s="%s"' % (name, value))
    return '\n'.join(text) + '\n'


def main():
    subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)
    subprocess.run(['hostname', 'director1'], check=True)
    folder = tempfile.mkdtemp()
    shim = folder + '/ipvsadm'
    with open(shim, 'w') as out:
        out.write('#!/bin/sh\nexit 0\n')
    os.chmod(shim, 0o755)
    subprocess.run(['mount', '--bind', shim, os.path.realpath('/sbin/ipvsadm')], check=True)
    for number, case in enumerate(CASES):
        # Net::IMAP::Simple knows no other port than 143 where the server is an address.
        case.address, case.port = ('127.0.1.%d' % number, 143) if case.service == 'imap' else ('127.0.0.1', 7000 + number)
        case.monitor = '%s/monitor.%d' % (folder, number)
        kind = socket.SOCK_DGRAM if case.protocol == 'udp' else socket.SOCK_STREAM
        case.bound = socket.socket(socket.AF_INET, kind)
        case.bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        case.bound.bind((case.address, case.port))
        if kind == socket.SOCK_STREAM:
            case.bound.listen(5)
            serve_tcp(case)
        else:
            serve_udp(case)
    file = folder + '/record.cf'
    with open(file, 'w') as out:
        out.write('checkinterval=600\nlogfile="%s/log"\n' % folder + '\n'.join(section(*row) for row in enumerate(CASES)))
    env = dict(os.environ, HOSTNAME='director1', LANG='C', TZ='UTC')
    program = subprocess.Popen(['/usr/sbin/ldirectord', '-d', file, 'start'], cwd=folder, env=env,
                               stdin=subprocess.DEVNULL, stdout=open(folder + '/out', 'w'),
                               stderr=subprocess.STDOUT)
    deadline = time.time() + 240
    while not os.path.exists(CASES[-1].monitor):  # made empty when the file is read
        time.sleep(0.1)
    while time.time() < deadline and program.poll() is None and not os.path.getsize(CASES[-1].monitor):
        time.sleep(0.2)
    time.sleep(1.5)
    if program.poll() is None:
        program.send_signal(signal.SIGTERM)
        program.wait(20)
    else:
        sys.stderr.write("%s\n%s" % (program.returncode, open(folder + "/out").read()[-3000:]))
    rows = []
    for case in CASES:
        said = open(case.monitor).read() if os.path.exists(case.monitor) else ''
        found = re.search(r'\[(up|down)\]', said)
        rows.append({
            'name': case.name, 'service': case.service, 'protocol': case.protocol, 'settings': case.settings,
            'request': case.request, 'receive': case.receive, 'port': case.port,
            'result': found[1] if found else None,
            # The second round says the same.
            'sent': b''.join(case.sent[0]).decode('latin1') if case.sent else None,
        })
    print('[\n' + ',\n'.join(' ' + json.dumps(row) for row in rows) + '\n]')
    shutil.rmtree(folder)


main()
