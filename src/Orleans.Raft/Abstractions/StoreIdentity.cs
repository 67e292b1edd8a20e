using System.Globalization;

namespace Orleans.Raft;

/// <summary>
/// One life of a store: which directory, and its how-manieth opening. Messages name it, so that nothing meant for an earlier
/// life, or for another directory under the same name, is ever believed (SAFETY-RULES A7, A8).
/// </summary>
/// <param name="StoreId">Random, made once when the directory was made.</param>
/// <param name="OpenCounter">Raised and synced at every opening; from 1.</param>
public readonly record struct StoreIdentity(Guid StoreId, long OpenCounter)
{
    /// <summary>True for a default value, which names no life.</summary>
    public bool IsDefault => OpenCounter == 0;

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{StoreId:N}#{OpenCounter}");
}
