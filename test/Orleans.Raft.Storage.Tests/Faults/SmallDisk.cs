using System.Diagnostics;
using System.Globalization;
using Orleans.Raft.Testing;
using Xunit;

namespace Orleans.Raft.Storage.Tests.Faults;

/// <summary>A real file system of a few megabytes, in memory; needs root.</summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly TemporaryDirectory _mountPoint = new();

    public SmallDisk(int kilobytes)
    {
        Requires.Root();
        Requires.Command("mount", "mount");
        Assert.Equal("", Run("mount", "-t", "tmpfs", "-o", Size(kilobytes), "tmpfs", _mountPoint.Path));
    }

    /// <summary>A data directory on it.</summary>
    public string Directory => Path.Combine(_mountPoint.Path, "data");

    /// <summary>Makes it larger or smaller while it is in use.</summary>
    public void Resize(int kilobytes) => Assert.Equal("", Run("mount", "-o", $"remount,{Size(kilobytes)}", _mountPoint.Path));

    /// <summary>Takes all space that is left.</summary>
    public void Fill()
    {
        using var file = File.OpenHandle(Path.Combine(_mountPoint.Path, "filler"), FileMode.Create, FileAccess.Write);
        var block = new byte[4096];
        try
        {
            for (var offset = 0L; ; offset += block.Length)
            {
                RandomAccess.Write(file, block, offset);
            }
        }
        catch (IOException)
        {
            // That was the last block.
        }
    }

    public void Empty() => File.Delete(Path.Combine(_mountPoint.Path, "filler"));

    public void Dispose()
    {
        Run("umount", "--lazy", _mountPoint.Path);
        _mountPoint.Dispose();
    }

    private static string Size(int kilobytes) => string.Create(CultureInfo.InvariantCulture, $"size={kilobytes}k");

    private static string Run(string command, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? "" : $"{command} {string.Join(' ', arguments)}: {errors}";
    }
}
