using Xunit;

namespace Orleans.Raft.Testing;

/// <summary>
/// What a test needs beyond the SDK. On a developer's machine a test without it is skipped and says what to install; with
/// <c>ORLEANS_RAFT_REQUIRE_ALL=1</c>, as in CI, it fails, so that a missing tool can't hide a missing proof.
/// Use it in a <c>[SkippableFact]</c> or <c>[SkippableTheory]</c>.
/// </summary>
internal static class Requires
{
    private static bool EverythingIsRequired => Environment.GetEnvironmentVariable("ORLEANS_RAFT_REQUIRE_ALL") == "1";

    /// <summary>Finds <paramref name="command"/> on the PATH, or skips the test, naming the Debian package that has it.</summary>
    public static string Command(string command, string package)
    {
        var path = (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, command))
            .FirstOrDefault(File.Exists);
        That(path is not null, $"the command '{command}' (apt-get install {package})");
        return path!;
    }

    /// <summary>Skips the test unless it runs as root.</summary>
    public static void Root() =>
        That(Environment.UserName == "root", "root, because it changes what the kernel does to processes or networks");

    /// <summary>Skips the test unless <paramref name="condition"/> holds; <paramref name="what"/> completes "This test needs …".</summary>
    public static void That(bool condition, string what)
    {
        if (!condition && EverythingIsRequired)
        {
            Assert.Fail($"This test needs {what}. ORLEANS_RAFT_REQUIRE_ALL=1 allows no skipping.");
        }
        Skip.IfNot(condition, $"This test needs {what}.");
    }
}
