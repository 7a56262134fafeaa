import assert from 'node:assert/strict'
import { test } from 'node:test'
import { templateOf } from './template.ts'

const cases: readonly (readonly [string, string])[] = [
  // What varies goes.
  ['order 17 of 2,500.00 not found', 'order <n> of <n> not found'],
  ['Order ord-123 and ZEP-79535 collide', 'Order <id> and <id> collide'],
  ['job 7dd66ce74be648c4a52a025a is gone', 'job <hex> is gone'],
  ['message 70330b1f-4f6e-4174-8f6c-b2a87dec0ec9 lost', 'message <id> lost'],
  ['Order ord_01HZX3V4T5J6K7M8N9P0QRSTVW not found', 'Order <id> not found'],
  ['cart is locked by d.novak@contoso.test', 'cart is locked by <email>'],
  ['timeout of 3000ms exceeded at 2026-01-02T03:04:05.678Z', 'timeout of <duration> exceeded at <time>'],
  ['connect to 10.0.0.7:443 or [2001:db8::1]:443 or db-3.shop.internal:5432', 'connect to <host> or <host> or <host>'],
  ['lag 0:::1000000 of [2001:db8::1]:1234567', 'lag <n>:::<n> of <host>:<n>'],
  ['For input string: "9.656.740,67"', 'For input string: "<str>"'],
  ['object at 0x7f6d70dca1d0', 'object at <hex>'],
  ['token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc-_1 expired', 'token <id> expired'],
  ['key :phone not found in: %{email: "x", id: 1}', 'key :phone not found in: <data>'],
  ["The given key 'XTT' was not present", "The given key '<str>' was not present"],
  ["could not convert string to float: 'abc'", "could not convert string to float: '<str>'"],
  ['invalid input syntax for type integer: "abc"', 'invalid input syntax for type integer: "<str>"'],
  ["Duplicate entry 'anna' for key 'users.email'", "Duplicate entry '<str>' for key 'users.email'"],
  [`Unexpected token '<', "<html><bod"... is not valid JSON`, `Unexpected token '<str>', "<str>"... is not valid JSON`],
  // What tells causes apart stays.
  ["missing value for 'email'", "missing value for 'email'"],
  ['GET http://ledger-4.internal:18082/rates/9?full=1 answered 503', 'GET <url>/rates/<*> answered 503'],
  ['Request failed with status code 404', 'Request failed with status code 404'],
  ['Unexpected token } in JSON at position 404', 'Unexpected token } in JSON at position <n>'],
  ['connect ECONNREFUSED 127.0.0.1:5432', 'connect ECONNREFUSED <host>'],
  ['[Errno 111] Connection refused', '[Errno 111] Connection refused'],
  ['ORA-01400: cannot insert NULL into ("SHOP"."EMAIL")', 'ORA-01400: cannot insert NULL into ("SHOP"."EMAIL")'],
  ['violates unique constraint "orders_number_key"', 'violates unique constraint "orders_number_key"'],
  ['NOT NULL constraint failed: customers.country', 'NOT NULL constraint failed: customers.country'],
  ['missing field `sku` at line 1 column 31', 'missing field `sku` at line <n> column <n>'],
  ["Cannot read properties of undefined (reading 'email')", "Cannot read properties of undefined (reading 'email')"],
  ['exited with code 137', 'exited with code 137'],
  ['/data/imports/2026-01-14/onyx-519.csv (No such file)', '/data/imports/<*>.csv (No such file)'],
  ["Cannot find module '/srv/release-42/dist/x.js'", "Cannot find module '<path>/x.js'"],
  // The same in another dress.
  ['Verbindungsaufbau abgelehnt', 'Connection refused'],
  ['no stock for ONY-1 at /app/lib/Shop/Orders.pm line 27.', 'no stock for <id>'],
  ['line 1: sku "A-1" has no price\nline 7: sku "B-2" has no price', 'line <n>: sku "<str>" has no price'],
  ['duplicate key\nDETAIL:  Key (number)=(A-17) already exists.', 'duplicate key'],
]

for (const [message, template] of cases) {
  test(`${JSON.stringify(message)} reads ${JSON.stringify(template)}`, () =>
    assert.equal(templateOf(message), template))
}

test('wherever a JSON body is broken, it is one complaint', () => {
  for (const message of [
    'Unexpected end of JSON input',
    'Unterminated string in JSON at position 76 (line 1 column 77)',
    `Expected ',' or '}' after property value in JSON at position 40 (line 1 column 41)`,
    `Unexpected token '<', "<html><bod"... is not valid JSON`,
  ])
    assert.equal(templateOf(message, 'SyntaxError'), 'not valid JSON')
  assert.equal(
    templateOf('Expecting value: line 1 column 1 (char 0)', 'json.decoder.JSONDecodeError'),
    'not valid JSON',
  )
  assert.notEqual(templateOf('Unexpected token', 'SyntaxError'), 'not valid JSON')
})
