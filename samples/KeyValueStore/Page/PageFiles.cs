using System.Collections.Frozen;

namespace KeyValueStore;

/// <summary>The page and what belongs to it, out of the assembly, so that it is there wherever the program is started from.</summary>
internal static class PageFiles
{
    private static readonly FrozenDictionary<string, (byte[] Bytes, string Type)> Files = new Dictionary<string, (byte[], string)>(StringComparer.Ordinal)
    {
        ["/"] = (Read("index.html"), "text/html; charset=utf-8"),
        ["/page.css"] = (Read("page.css"), "text/css; charset=utf-8"),
        ["/page.js"] = (Read("page.js"), "text/javascript; charset=utf-8"),
    }.ToFrozenDictionary();

    /// <summary>The file at a path, or null.</summary>
    public static (byte[] Bytes, string Type)? Find(string path) => Files.TryGetValue(path, out var file) ? file : null;

    private static byte[] Read(string name)
    {
        using var resource = typeof(PageFiles).Assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"{name} is not in the assembly.");
        var bytes = new byte[resource.Length];
        resource.ReadExactly(bytes);
        return bytes;
    }
}
