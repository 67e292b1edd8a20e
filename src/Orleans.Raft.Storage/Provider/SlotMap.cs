namespace Orleans.Raft.Storage.Provider;

/// <summary>
/// Which group owns a slot: the groups own equal ranges of slots, in order. The number of groups was fixed when the family of groups was created and comes from the meta
/// group, never from options (SAFETY-RULES A1: a rolling change of an option would let two silos keep one state in two groups).
/// </summary>
internal static class SlotMap
{
    /// <summary>The group of a slot among <paramref name="groups"/>.</summary>
    public static int GroupOf(ushort slot, int groups) => slot * groups / GrainSlot.Count;
}
