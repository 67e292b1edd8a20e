namespace KeyValueStore;

/// <summary>
/// The header <c>Idempotency-Key</c>: a name that a client gives to a request so that it can send it again. Without one nobody can tell a request that is sent again from another one,
/// so a delete that is sent again would find nothing and answer 404.
/// </summary>
internal static class RequestName
{
    public const string Header = "Idempotency-Key";

    public const int MaxLength = 128;

    /// <summary>Reads the header; null without one. False if it can't be meant.</summary>
    public static bool TryParse(IHeaderDictionary headers, out string? name)
    {
        name = headers.TryGetValue(Header, out var values) ? values.ToString() : null;
        return name is null || (name.Length is > 0 and <= MaxLength && name.All(character => character is > ' ' and <= '~'));
    }
}
