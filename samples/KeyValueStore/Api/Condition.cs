using System.Diagnostics.CodeAnalysis;

namespace KeyValueStore;

/// <summary>The preconditions of a request: <c>If-Match</c> and <c>If-None-Match</c>.</summary>
/// <param name="IfMatch">ETags of which one must be the stored one; "*" for any value; null without the header.</param>
/// <param name="IfNoneMatch">ETags of which none may be the stored one; "*" for "there must be no value"; null without the header.</param>
[GenerateSerializer]
[Immutable]
[Alias("kv-condition")]
internal sealed record Condition([property: Id(0)] string[]? IfMatch, [property: Id(1)] string[]? IfNoneMatch)
{
    public static readonly Condition None = new(null, null);

    /// <summary>Reads the headers; false if one is no list of entity tags.</summary>
    public static bool TryParse(IHeaderDictionary headers, [NotNullWhen(true)] out Condition? condition)
    {
        condition = null;
        if (!TryParse(headers.IfMatch.ToString(), out var match) || !TryParse(headers.IfNoneMatch.ToString(), out var none))
        {
            return false;
        }

        condition = match is null && none is null ? None : new Condition(match, none);
        return true;
    }

    /// <summary>Whether a stored ETag (null: no value) meets the conditions.</summary>
    public bool Holds(string? stored) =>
        (IfMatch is null || (stored is not null && (IfMatch is ["*"] || IfMatch.Contains(stored))))
        && (IfNoneMatch is null || stored is null || !(IfNoneMatch is ["*"] || IfNoneMatch.Contains(stored)));

    private static bool TryParse(string header, out string[]? tags)
    {
        tags = null;
        if (header.Length == 0)
        {
            return true;
        }

        if (header == "*")
        {
            tags = ["*"];
            return true;
        }

        var parts = header.Split(',', StringSplitOptions.TrimEntries);
        if (!Array.TrueForAll(parts, part => part.Length >= 2 && part[0] == '"' && part[^1] == '"' && !part.AsSpan(1, part.Length - 2).Contains('"')))
        {
            return false;
        }

        tags = Array.ConvertAll(parts, part => part[1..^1]);
        return true;
    }
}
