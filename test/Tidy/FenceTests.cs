using System.Diagnostics;
using Xunit;

namespace Orleans.Raft.Tidy;

/// <summary>The fences hold: each file under <c>test/Fences/Wrong</c> is one wrong arrow, and the build must refuse it by name.</summary>
public sealed class FenceTests
{
    [Theory]
    [InlineData("Core.Fence", "Core", "CS0")]
    [InlineData("Core.Fence", "CoreBanned", "RS0030")]
    [InlineData("Engine.Fence", "Engine", "CS0")]
    public async Task A_wrong_arrow_does_not_build(string fence, string arrows, string error)
    {
        var wrong = Directory.GetFiles(Path.Combine(Repository.Current.Root, "test/Fences/Wrong", arrows), "*.cs");
        Assert.NotEmpty(wrong);

        var (code, printed) = await BuildAsync(fence, arrows);

        Assert.True(code != 0, $"{fence} builds with {arrows}:{Environment.NewLine}{printed}");
        var errors = printed.Split('\n').Where(line => line.Contains($": error {error}", StringComparison.Ordinal)).ToList();
        Assert.All(wrong, file => Assert.True(errors.Any(line => line.Contains(Path.GetFileName(file), StringComparison.Ordinal)),
            $"{fence} accepts {file}:{Environment.NewLine}{printed}"));
    }

    private static async Task<(int Code, string Printed)> BuildAsync(string fence, string arrows)
    {
        var scratch = Path.Combine(Repository.Current.Root, "artifacts", "fences", arrows) + Path.DirectorySeparatorChar;
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Repository.Current.Root,
        };
        string[] arguments = ["build", $"test/Fences/{fence}/{fence}.csproj", "--no-restore", "--nologo", "-v", "q", "-nodeReuse:false",
            $"-p:WrongArrows={arrows}", $"-p:IntermediateOutputPath={scratch}obj/", $"-p:OutDir={scratch}bin/"];
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }
        // The test host's own build settings must not reach the build that it starts.
        foreach (var inherited in start.Environment.Keys.Where(key => key.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToList())
        {
            start.Environment.Remove(inherited);
        }
        using var process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(4));
        try
        {
            var printed = process.StandardOutput.ReadToEndAsync(limit.Token);
            var complaints = process.StandardError.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return (process.ExitCode, await printed + await complaints);
        }
        finally
        {
            process.Kill(entireProcessTree: true);
        }
    }
}
