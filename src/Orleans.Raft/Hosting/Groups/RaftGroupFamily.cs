using Orleans.Configuration;

namespace Orleans.Raft.Hosting;

/// <summary>A family of groups as registered.</summary>
/// <param name="Name">Name of the family.</param>
/// <param name="Options">How many, how often.</param>
/// <param name="Create">Makes the state machine of one replica: an <see cref="IStateMachine"/> or an <see cref="IStoredStateMachine"/>.</param>
internal sealed record RaftGroupFamily(string Name, RaftGroupOptions Options, Func<IServiceProvider, GroupBirth, object> Create);
