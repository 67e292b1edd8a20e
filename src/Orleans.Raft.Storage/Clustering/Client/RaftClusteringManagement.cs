namespace Orleans.Raft.Storage.Clustering;

/// <summary>Asks the group's leader, from any silo.</summary>
internal sealed class RaftClusteringManagement(ClusteringNode node) : IRaftClusteringManagement
{
    /// <inheritdoc/>
    public async Task<IReadOnlyList<RaftClusteringVoter>> GetVotersAsync(CancellationToken cancellationToken) =>
    [
        .. (await ReadAsync(cancellationToken).ConfigureAwait(false)).Voters.Values
            .Select(static voter => new RaftClusteringVoter(voter.Name, voter.Address, voter.Replica.Value, voter.Store)),
    ];

    /// <inheritdoc/>
    public async Task ReplaceVoterAsync(string name, string newName, string? newAddress, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentException.ThrowIfNullOrEmpty(newName);
        if (newAddress is not null && !ClusteringSettings.TryParseAddress(newAddress, out _, out _))
        {
            throw new ArgumentException($"'{newAddress}' is no address; expected host:port.", nameof(newAddress));
        }

        // While a replacement of the same name is under way there are two: the older one goes.
        var view = await ReadAsync(cancellationToken).ConfigureAwait(false);
        var old = view.Voters.Values.FirstOrDefault(voter => voter.Name == name)
            ?? throw new ArgumentException($"'{name}' is no voter; voters are {string.Join(", ", view.Voters.Values.Select(static voter => voter.Name))}.", nameof(name));
        var wish = new VoterBinding { Replica = old.Replica, Name = newName, Address = newAddress ?? "" };
        await node.Client.AskLeaderAsync(FrameKind.Replace, wish.Encode(), cancellationToken).ConfigureAwait(false);
    }

    private async Task<TableView> ReadAsync(CancellationToken cancellationToken) =>
        (await node.Client.ReadAsync(isLinearizable: true, cancellationToken).ConfigureAwait(false)).View;
}
