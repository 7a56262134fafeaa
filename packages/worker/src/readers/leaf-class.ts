/** Exceptions of the JDK whose constructors take no cause. */
const leaves: ReadonlySet<string> = new Set([
  'java.io.EOFException',
  'java.io.FileNotFoundException',
  'java.lang.ArithmeticException',
  'java.lang.ArrayIndexOutOfBoundsException',
  'java.lang.ArrayStoreException',
  'java.lang.ClassCastException',
  'java.lang.IndexOutOfBoundsException',
  'java.lang.NegativeArraySizeException',
  'java.lang.NullPointerException',
  'java.lang.NumberFormatException',
  'java.lang.StackOverflowError',
  'java.lang.StringIndexOutOfBoundsException',
  'java.net.BindException',
  'java.net.ConnectException',
  'java.net.NoRouteToHostException',
  'java.net.PortUnreachableException',
  'java.net.SocketTimeoutException',
  'java.net.UnknownHostException',
  'java.util.EmptyStackException',
])

/** The class, where it can only be the innermost one of a chain; `null` where there may be a cause that the letter does not show. */
export function leafClass(errorClass: string | null): string | null {
  return errorClass !== null && leaves.has(errorClass) ? errorClass : null
}
