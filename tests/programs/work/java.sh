# The compiler and the machine: threads, garbage, exceptions, a native library, an exit status.
cat >Work.java <<'END'
import java.nio.file.*;
import java.security.MessageDigest;
import java.util.*;
import java.util.stream.*;
import java.util.zip.CRC32;
public class Work {
	static int down(int n) { return n == 0 ? 0 : 1 + down(n - 1); }
	public static void main(String[] arguments) throws Exception {
		Map<Integer, String> words = new TreeMap<>();
		for (int i = 0; i < 300000; i++) words.merge(i * 7919 % 10007, "" + (char) (97 + i % 26), String::concat);
		System.out.println(HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(words.toString().getBytes())));
		System.out.println(IntStream.range(0, 1000000).parallel().mapToLong(x -> (long) x * x).sum());
		try { System.out.println(down(10000000)); } catch (StackOverflowError e) { System.out.println("too deep"); }
		try { System.out.println(((Object) words.get(-1)).toString()); } catch (NullPointerException e) { System.out.println("null"); }
		Path file = Files.write(Path.of("out"), new byte[100000]);
		CRC32 crc = new CRC32(); crc.update(Files.readAllBytes(file)); System.out.println(crc.getValue());
		System.gc();
		Process child = new ProcessBuilder("echo", "child").redirectErrorStream(true).start();
		System.out.println(new String(child.getInputStream().readAllBytes()).trim() + child.waitFor());
		System.exit(9);
	}
}
END
javac Work.java && java -Xmx256m -cp . Work
