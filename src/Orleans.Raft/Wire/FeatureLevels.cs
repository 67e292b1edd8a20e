namespace Orleans.Raft.Wire;

/// <summary>
/// What binaries can read, as one number. A format or a verdict that differs from what older binaries know gets the next number, is read from then on, and is written only
/// where the catalog's level has come to it: when every silo in service reads it (SAFETY-RULES B13).
/// </summary>
internal static class FeatureLevels
{
    /// <summary>Format 1 of commands, lanes, meta group and snapshots.</summary>
    public const int First = 1;

    /// <summary>The highest that these binaries know.</summary>
    public const int Known = First;
}
