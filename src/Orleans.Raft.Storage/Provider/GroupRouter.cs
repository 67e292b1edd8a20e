using Orleans.Runtime;

namespace Orleans.Raft.Storage.Provider;

/// <summary>Where a grain state lives.</summary>
/// <param name="Slot">Its slot.</param>
/// <param name="Key">Its key within the group.</param>
/// <param name="Group">The group that owns the slot.</param>
internal readonly record struct StateLocation(ushort Slot, byte[] Key, IRaftGroup Group);

/// <summary>
/// Finds the group of a grain state: slots are dealt to the groups in equal ranges. Thin: the meta group's slot map will take the place of the computation
/// (SAFETY-RULES A1), so the number of groups must be the same everywhere and for ever until then.
/// </summary>
internal sealed class GroupRouter
{
    private readonly string _serviceId;
    private readonly string _providerName;
    private readonly IRaftGroup[] _groups;

    public GroupRouter(string serviceId, string providerName, IRaftGroupFactory factory, int groups)
    {
        (_serviceId, _providerName) = (serviceId, providerName);
        _groups = [.. Enumerable.Range(0, groups).Select(index => factory.GetGroup(providerName, index))];
    }

    /// <summary>All groups of the provider.</summary>
    public IReadOnlyList<IRaftGroup> Groups => _groups;

    /// <summary>Locates a state.</summary>
    public StateLocation Locate(GrainId grainId, string stateName)
    {
        var slot = GrainSlot.Of(_serviceId, _providerName, grainId, stateName);
        return new StateLocation(slot, RecordKey.Create(grainId, stateName), _groups[GroupOf(slot, _groups.Length)]);
    }

    /// <summary>The group of a slot among <paramref name="groups"/>.</summary>
    internal static int GroupOf(ushort slot, int groups) => slot * groups / GrainSlot.Count;
}
