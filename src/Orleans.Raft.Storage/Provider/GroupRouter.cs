using Orleans.Runtime;

namespace Orleans.Raft.Storage.Provider;

/// <summary>Where a grain state lives.</summary>
/// <param name="Slot">Its slot.</param>
/// <param name="Groups">Number of groups of the provider.</param>
/// <param name="Key">Its key within the group.</param>
/// <param name="Group">The group that owns the slot.</param>
internal readonly record struct StateLocation(ushort Slot, ushort Groups, byte[] Key, IRaftGroup Group);

/// <summary>Finds the group of a grain state. Asks once for the number of groups; every silo gets the same answer.</summary>
internal sealed class GroupRouter(string serviceId, string providerName, IRaftGroupFactory factory)
{
    private volatile IRaftGroup[]? _groups;

    /// <summary>All groups of the provider.</summary>
    public async ValueTask<IReadOnlyList<IRaftGroup>> GroupsAsync(CancellationToken cancellationToken) => _groups ?? await AskAsync(cancellationToken);

    /// <summary>Locates a state.</summary>
    /// <exception cref="RaftException">The number of groups could not be learned. Nothing was done with the state.</exception>
    public async ValueTask<StateLocation> LocateAsync(GrainId grainId, string stateName, CancellationToken cancellationToken)
    {
        var key = RecordKey.Create(grainId, stateName);
        var slot = GrainSlot.Of(serviceId, providerName, grainId, stateName);
        var groups = _groups ?? await AskAsync(cancellationToken);
        return new StateLocation(slot, (ushort)groups.Length, key, groups[SlotMap.GroupOf(slot, groups.Length)]);
    }

    private async Task<IRaftGroup[]> AskAsync(CancellationToken cancellationToken)
    {
        var count = await factory.CountGroupsAsync(providerName, cancellationToken);
        return _groups = [.. Enumerable.Range(0, count).Select(index => factory.GetGroup(providerName, index))];
    }
}
