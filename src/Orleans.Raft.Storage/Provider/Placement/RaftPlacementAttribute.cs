using Orleans.Placement;
using Orleans.Raft.Storage.Provider;

namespace Orleans.Raft;

/// <summary>
/// Puts a grain on the silo where the leader of its state's group is, when it is activated, so that its writes save a hop. A wish, not a tie: where that silo can't take it, any
/// other one does, and when the leader moves the grain stays.
/// </summary>
/// <param name="stateName">Name of the grain's main state, as its <c>[PersistentState]</c> says it.</param>
/// <param name="providerName">Name of the Raft grain storage that holds it.</param>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
public sealed class RaftPlacementAttribute(string stateName, string providerName = "Default")
    : PlacementAttribute(new RaftPlacement(stateName, providerName))
{
    /// <summary>Name of the grain's main state.</summary>
    public string StateName { get; } = stateName;

    /// <summary>Name of the provider.</summary>
    public string ProviderName { get; } = providerName;
}
