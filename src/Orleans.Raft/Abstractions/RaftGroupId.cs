using System.Globalization;

namespace Orleans.Raft;

/// <summary>Name of a Raft group: a family of groups and the group's number in it. Prints as <c>orders/17</c>.</summary>
/// <param name="Name">Family name, for instance a storage provider's; 1 to 100 characters, no slash and no control characters.</param>
/// <param name="Index">Number within the family, from 0.</param>
public readonly record struct RaftGroupId(string Name, int Index)
{
    /// <summary>True for a default value, which names no group.</summary>
    public bool IsDefault => Name is null;

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Name}/{Index}");

    /// <summary>Reads what <see cref="ToString"/> prints.</summary>
    public static bool TryParse(string? text, out RaftGroupId group)
    {
        group = default;
        var slash = text?.LastIndexOf('/') ?? -1;
        if (slash <= 0 || !int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var index))
        {
            return false;
        }

        group = new RaftGroupId(text![..slash], index);
        return true;
    }
}
