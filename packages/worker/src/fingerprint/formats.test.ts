import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fingerprint } from './index.ts'

// Forms of stacks that the measured reports do not have.
const formats: readonly { name: string; stack: string; title: string; frames: string[] }[] = [
  {
    name: '.NET with async lambdas and an AggregateException',
    stack: `System.AggregateException: One or more errors occurred. (Connection refused (db:5432))
 ---> Npgsql.NpgsqlException (0x80004005): Failed to connect to 10.0.0.1:5432
 ---> System.Net.Sockets.SocketException (111): Connection refused
   at System.Net.Sockets.Socket.Connect(EndPoint remoteEP)
   at Npgsql.Internal.NpgsqlConnector.Connect(NpgsqlTimeout timeout)
   at Acme.Orders.Store.<SaveAsync>d__4.MoveNext() in C:\\build\\Acme\\Store.cs:line 41
   --- End of inner exception stack trace ---
   at Acme.Orders.Handler.HandleAsync(Order order, CancellationToken ct) in /src/Handler.cs:line 20
--- End of stack trace from previous location ---
   at Acme.Worker.<>c__DisplayClass3_0.<<RunAsync>b__0>d.MoveNext() in /src/Worker.cs:line 9
   --- End of inner exception stack trace ---
   at System.Threading.Tasks.Task.Wait()`,
    title: 'SocketException: Connection refused',
    frames: ['Acme.Orders.Store#SaveAsync', 'Acme.Orders.Handler#HandleAsync', 'Acme.Worker#RunAsync'],
  },
  {
    name: 'Ruby 3.4',
    stack: `/app/lib/orders.rb:39:in 'Integer#+': String can't be coerced into Integer (TypeError)
\tfrom /app/lib/orders.rb:39:in 'Orders.merge'
\tfrom /app/lib/platform.rb:9:in 'block in Platform.run'
\tfrom /usr/local/bundle/gems/sidekiq-7.2.0/lib/sidekiq/processor.rb:202:in 'Sidekiq::Processor#execute_job'`,
    title: "TypeError: String can't be coerced into Integer",
    frames: ['orders#merge', 'platform#run'],
  },
  {
    name: 'a Python exception group',
    stack: `  + Exception Group Traceback (most recent call last):
  |   File "/app/a.py", line 1, in main
  |     x()
  | ExceptionGroup: boom (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "/app/a.py", line 3, in f
    |     raise ValueError("x 12")
    | ValueError: x 12
    +---------------- 2 ----------------
    | Traceback (most recent call last):
    |   File "/app/a.py", line 5, in g
    | KeyError: 'b'
    +------------------------------------`,
    title: 'ValueError: x <n>',
    frames: ['a#f', 'a#main'],
  },
  {
    name: 'PHP uncaught, with a framework between',
    stack: `PHP Fatal error:  Uncaught Exception: Failed in /app/src/A.php:3
Stack trace:
#0 /app/app/Jobs/Pay.php(12): App\\Services\\Bank->charge(Object(App\\Models\\Order), 12)
#1 /app/vendor/laravel/framework/src/Illuminate/Queue/Jobs/Job.php(98): Illuminate\\Queue\\CallQueuedHandler->call()
#2 {main}
  thrown in /app/src/A.php on line 3`,
    title: 'Exception: Failed',
    frames: ['App\\Services\\Bank#charge'],
  },
  {
    name: 'the worker library: causes appended, bundler and file addresses',
    stack: `Error: Failed to charge
    at charge (file:///srv/app/src/pay.ts:4:9)
    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)
    at async handle (webpack:///./src/handle.ts?:3:1)
Caused by: Error: connect ECONNREFUSED 127.0.0.1:5432
    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1611:16)`,
    title: 'Error: connect ECONNREFUSED <host>',
    frames: ['pay#charge', 'handle#handle'],
  },
  {
    name: 'a stack whose middle was cut out for a header',
    stack: `Error: Failed to charge
    at charge (file:///srv/app/src/pay.ts:4:9)
    at proc
… 12345 bytes cut …
ask_queues:105:5)
    at async handle (file:///srv/app/src/handle.ts:3:1)`,
    title: 'Error: Failed to charge',
    frames: ['pay#charge', 'handle#handle'],
  },
  {
    name: 'Spring, with logback packaging data and proxies',
    stack: `org.springframework.kafka.listener.ListenerExecutionFailedException: Listener method threw exception
\tat org.springframework.kafka.listener.adapter.MessagingMessageListenerAdapter.invokeHandler(MessagingMessageListenerAdapter.java:388) ~[spring-kafka-2.9.jar!/:2.9]
\tat com.acme.A$$EnhancerBySpringCGLIB$$1a2b.on(<generated>)
Caused by: java.lang.IllegalStateException: no stock for 17
\tat com.acme.A.lambda$on$4(A.java:3) ~[classes!/:na]
\t... 12 common frames omitted`,
    title: 'IllegalStateException: no stock for <n>',
    frames: ['com.acme.A#on'],
  },
  {
    name: 'Scala',
    stack: `java.lang.RuntimeException: boom
\tat com.acme.Svc$.$anonfun$go$2(Svc.scala:9)
\tat scala.util.Try$.apply(Try.scala:210)
\tat com.acme.Svc$.go(Svc.scala:7)`,
    title: 'RuntimeException: boom',
    frames: ['com.acme.Svc$#go'],
  },
  {
    name: 'a Go panic with methods and modules',
    stack: `panic: runtime error: invalid memory address or nil pointer dereference
[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x4a]

goroutine 18 [running]:
github.com/acme/shop/internal/bill.(*Svc).Do(0xc0000b2000, {0x1, 0x2})
\t/src/internal/bill/svc.go:33 +0x1a
github.com/segmentio/kafka-go.(*Reader).run(...)
\t/go/pkg/mod/github.com/segmentio/kafka-go@v0.4.47/reader.go:12
main.main.func2()
\t/src/main.go:9`,
    title: 'runtime error: invalid memory address or nil pointer dereference',
    frames: ['github.com/acme/shop/internal/bill#(*Svc).Do', 'main#main'],
  },
  {
    name: 'Erlang',
    stack: `{badmatch,{error,enoent}}
  in function  shop_orders:load/1 (src/shop_orders.erl, line 12)
  in call from shop_worker:handle/2 (src/shop_worker.erl, line 40)
  in call from gen_server:try_handle_info/3 (gen_server.erl, line 1095)`,
    title: '{badmatch,{error,enoent}}',
    frames: [':shop_orders#load', ':shop_worker#handle'],
  },
  {
    name: 'a GenServer that went down',
    stack: `12:00:00.000 [error] GenServer #PID<0.1.0> terminating
** (MatchError) no match of right hand side value: {:error, :x}
    (shop 0.1.0) lib/shop/a.ex:7: Shop.A.go/1
    (stdlib 5.2) gen_server.erl:1095: :gen_server.try_handle_info/3
Last message: :tick`,
    title: 'MatchError: no match of right hand side value: <data>',
    frames: ['Shop.A#go'],
  },
  {
    name: 'a Rust panic of older versions',
    stack: `thread 'main' panicked at 'called \`Option::unwrap()\` on a \`None\` value', src/a.rs:3:9
stack backtrace:
   0: rust_begin_unwind
             at /rustc/abc/library/std/src/panicking.rs:593:5
   1: core::panicking::panic_fmt
   2: <shop::bill::Svc as shop::Handler>::handle::{{closure}}
             at ./src/bill.rs:7:1`,
    title: 'panic: called `Option::unwrap()` on a `None` value',
    frames: ['shop::bill::Svc#handle'],
  },
]

for (const { name, stack, title, frames } of formats) {
  test(`reads ${name}`, () => {
    const found = fingerprint({ queue: 'q', consumer: null, errorClass: null, message: null, stack })
    assert.deepEqual({ title: found.title, frames: found.shape.frames }, { title, frames })
  })
}

test('sees where the middle was cut out', () => {
  const stack = 'Error: a\n    at f (/app/f.js:1:1)\n    at g\n… 99 bytes cut …\nx.js:1:1)\n    at h (/app/h.js:1:1)'
  assert.equal(fingerprint({ queue: 'q', consumer: null, errorClass: null, message: null, stack }).shape.cut, true)
})
