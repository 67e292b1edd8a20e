using System.Diagnostics.CodeAnalysis;

namespace Orleans.Raft.Hosting;

/// <summary>Key of a replica's grain: <c>{group}@{silo}</c>. Which silo holds it is written in the key.</summary>
internal static class ReplicaKey
{
    /// <summary>Writes a key.</summary>
    public static string Of(RaftGroupId group, string silo) => $"{group}@{silo}";

    /// <summary>Reads a key. Group names have no '@', silo names may have.</summary>
    public static bool TryParse(string? key, out RaftGroupId group, [NotNullWhen(true)] out string? silo)
    {
        silo = null;
        group = default;
        var at = key?.IndexOf('@', StringComparison.Ordinal) ?? -1;
        if (at <= 0 || at + 1 >= key!.Length || !RaftGroupId.TryParse(key[..at], out group))
        {
            return false;
        }

        silo = key[(at + 1)..];
        return true;
    }
}
