using Microsoft.Extensions.DependencyInjection;
using Orleans.Raft.Wire;
using Orleans.Runtime;

namespace Orleans.Raft.Hosting;

/// <content>Introducing this silo's store to the cluster, and standing back where it is not, or no longer, the silo's own (SAFETY-RULES A7, B11).</content>
internal sealed partial class RaftHost
{
    // Once in every life: a counter that is not new is a directory that went back in time.
    private async Task IntroduceAsync(Catalog catalog, CancellationToken stopping)
    {
        if (_isAnnounced || !_isChecked || _refusal is not null || _store is not { } store)
        {
            return;
        }

        var binding = CatalogGroups.BindingOf(catalog, Silo);

        // A store that has replicas was the silo's own once. If it no longer is, it must not push its successor out; the meta group will say so, which knows
        // more than the catalog at hand may.
        var isOther = !_hadReplicas && binding is not null && binding.Store != store.Identity.StoreId;
        if (binding is null || isOther)
        {
            if (WhyNotYet(binding, isOther) is { } reason)
            {
                Waits(reason);
                return;
            }
        }

        var command = new MetaCommand
        {
            Announce = new SiloBinding(default, Silo, store.Identity.StoreId, store.Identity.OpenCounter, _processLife) { FeatureLevel = FeatureLevels.Known },
            Former = isOther ? binding!.Store : default,
        };
        var answer = await TryAsync(client => client.ProposeAsync(MetaCodec.Encode(command), stopping));
        if (answer is not { } verdict)
        {
            if (isOther)
            {
                Waits(await DescribeLostAsync(catalog));
            }

            return;
        }

        _isAnnounced = true;
        _hasCatalog = true;
        if (MetaMachine.RefusalOf(verdict) is { } refusal)
        {
            Refuse(refusal);
        }
        else if (isOther)
        {
            LogBoundAnew(_logger, Silo, store.Identity, binding!.Store);
        }
    }

    // A copy of a directory, opened while its silo runs on the original: its opening is the later one, and what it holds is the older. It must go before
    // it introduces itself, else the cluster would take it for the silo's next life and the original for its former one.
    private async Task RefuseCopyAsync(CancellationToken cancellationToken)
    {
        if (_store is not { } store || _silos.FindDouble() is not { } other)
        {
            return;
        }

        BirthAnswer answer;
        try
        {
            var endpoint = _services.GetRequiredService<RaftEndpointClient>().On(other);
            answer = await endpoint.AskBirthAsync(new BirthQuestion(Silo, _silo.SiloAddress.ToParsableString())).WaitAsync(FollowInterval, _time, cancellationToken);
        }
        catch (Exception exception) when (exception is OrleansException or TimeoutException)
        {
            // A former process of this silo that membership has not noticed to be gone.
            LogDoubleSilent(_logger, Silo, other, exception.Message);
            return;
        }

        if (answer.Store == store.Identity.StoreId)
        {
            throw new OrleansConfigurationException(
                $"The silo {Silo} runs already, at {other}, on the store {answer.Store:N}, and this process has opened the same store: its directory was copied. "
                + $"A copy has forgotten what the original acknowledged since. Empty the copy's directory {_options.DataDirectory ?? Path.Combine("raft-data", Silo)}, and give one of the two another name.");
        }
    }

    private string? WhyNotYet(SiloBinding? binding, bool isOther)
    {
        if (_silos.FindDouble() is { } other)
        {
            return $"another silo is called {Silo} and lives at {other}. A name has one store: stop one of the two, or give this one another name (SiloOptions.SiloName)";
        }

        if (!isOther)
        {
            return null;
        }

        return _time.GetElapsedTime(_startedAt) < _options.ReplacementDelay
            ? $"its store is not the one that the cluster knows ({binding!.Store:N}): the directory is new. Its lost replicas are replaced when it has run for {_options.ReplacementDelay} (RaftOptions.ReplacementDelay)"
            : null;
    }

    // Another process has taken the name or the store over since this one introduced itself: a copied directory, or a replacement.
    private void CheckBinding(Catalog catalog)
    {
        if (_refusal is not null || CatalogGroups.BindingOf(catalog, Silo) is not { } binding)
        {
            return;
        }

        // Catalogs from before the introduction say nothing about who came after it.
        _hasSeenItself |= binding.Life == _processLife;
        if (!_hasSeenItself || binding.Life == _processLife)
        {
            return;
        }

        var mine = _store!.Identity;
        if (binding.Store == mine.StoreId && binding.OpenCounter > mine.OpenCounter)
        {
            Refuse($"the same store has been opened once more, by another process (opening {binding.OpenCounter}): the directory was copied or is shared");
        }
        else if (binding.Store != mine.StoreId)
        {
            Refuse($"the name {Silo} is bound to the store {binding.Store:N} now");
        }
    }

    private void Refuse(string reason)
    {
        _refusal = $"The store {_store!.Identity} of the silo {Silo} does not belong to the cluster any more: {reason}. Its replicas may have forgotten what they "
            + "acknowledged, so they stop here. If the directory is an old copy, or another one holds the silo's data, stop this silo, empty the directory "
            + $"{_options.DataDirectory ?? Path.Combine("raft-data", Silo)}, and start it again: it is then given new replicas by itself.";
        _waitsFor = _refusal;
        LogStoreRefused(_logger, Silo, _refusal);
        foreach (var runtime in _groups.Values)
        {
            runtime.Replica?.PostFault(_refusal);
        }
    }

    // With the meta group's majority gone nothing can be replaced by itself; who has what is said, so that a person can decide.
    private async Task<string> DescribeLostAsync(Catalog catalog)
    {
        var members = CatalogGroups.PlacementOf(catalog, CatalogGroups.MetaId)!.Replicas.Where(replica => !replica.IsLeaving).ToArray();
        var states = await Task.WhenAll(members.Select(async member => (member.Silo, State: await DescribeStoreAsync(member))));
        var good = states.Count(state => state.State is null);
        return $"the meta group has no majority: {good} of {members.Length} silos have their store ({string.Join("; ", states.Select(state => $"{state.Silo} {state.State ?? "is there"}"))}). "
            + $"Nothing overrules those that are left. Bring the lost directories back, or, if they are gone for good, recover from one survivor (docs/OPERATIONS.md, recover --from-survivor)";
    }

    private async Task<string?> DescribeStoreAsync(PlacedReplica member)
    {
        if (string.Equals(member.Silo, Silo, StringComparison.Ordinal))
        {
            return member.Store == _store!.Identity.StoreId ? null : "has an empty directory";
        }

        return await _clerk!.FindStoreAsync(member.Silo) is not { } store ? "does not answer"
            : store == member.Store ? null : "has another directory than it had";
    }

    private void Waits(string reason)
    {
        if (!string.Equals(_waitsFor, reason, StringComparison.Ordinal))
        {
            _waitsFor = reason;
            LogWaitsForBinding(_logger, Silo, reason);
        }
    }
}
